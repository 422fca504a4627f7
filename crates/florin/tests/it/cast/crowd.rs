//! A crowd: many who do the same at the same moment.

use std::sync::Barrier;

/// Does it from as many places at the same moment; gives what came of it, place by place.
pub fn at_once<T: Send>(places: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(places);
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..places)
            .map(|place| {
                let (start, call) = (&start, &call);
                scope.spawn(move || {
                    start.wait();
                    call(place)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().expect("a call")).collect()
    })
}

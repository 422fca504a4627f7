//! Random bytes as a value: the system's in the product, a seeded stream where a test must be repeatable.
//!
//! Invariant: a seeded source exists only where somebody wrote [`Random::seeded`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand;

use crate::digest::hmac_sha256;
use crate::secret::Secret;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A source of random bytes. Clones of a seeded source draw from one stream.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<Stream>>),
}

/// HMAC-SHA-256 in counter mode under the seed.
struct Stream {
    key: [u8; 32],
    counter: u64,
}

impl Random {
    /// The operating system's generator, fit for keys and tokens.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A stream that `seed` decides entirely. Never for keys of real money.
    pub fn seeded(seed: u64) -> Self {
        let key = hmac_sha256(b"florin seeded random", &seed.to_be_bytes());
        Self(Source::Seeded(Arc::new(Mutex::new(Stream { key, counter: 0 }))))
    }

    /// Fills `out` with random bytes.
    pub fn fill(&self, out: &mut [u8]) {
        match &self.0 {
            Source::System => fill_from_system(out),
            // The stream is whole after every step, so a panic elsewhere while it was held does no harm.
            Source::Seeded(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).fill(out),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A number in `0..bound`, each equally likely; 0 when `bound` is 0.
    pub fn below(&self, bound: u32) -> u32 {
        let bound = u64::from(bound.max(1));
        // The last, incomplete run of residues is thrown away: otherwise the small numbers come a little more often.
        let whole_runs = (1 << 32) / bound * bound;
        loop {
            let drawn = u64::from(u32::from_be_bytes(self.bytes()));
            if drawn < whole_runs {
                return u32::try_from(drawn % bound).unwrap_or_default();
            }
        }
    }

    /// `length` letters and digits, each of the 62 equally likely: just under 6 random bits a character.
    pub fn alphanumeric(&self, length: usize) -> String {
        // Four whole runs of the alphabet; a byte beyond them would favour its beginning.
        const FAIR: u8 = 248;
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let drawn = Secret::new(self.bytes::<64>());
            let fair = drawn.expose().iter().filter(|byte| **byte < FAIR).take(length - text.len());
            text.extend(fair.map(|byte| char::from(ALPHANUMERIC[usize::from(byte % 62)])));
        }
        text
    }
}

fn fill_from_system(out: &mut [u8]) {
    rand::fill(out).expect("aws-lc aborts the process rather than return without entropy");
}

impl Stream {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = hmac_sha256(&self.key, &self.counter.to_be_bytes());
            self.counter += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random(system)",
            Source::Seeded(_) => "Random(seeded)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_stream_whoever_draws() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        let clone = one.clone();
        assert_eq!([one.bytes::<40>(), clone.bytes()], [two.bytes(), two.bytes()]);
        assert_ne!(Random::seeded(8).bytes::<16>(), Random::seeded(7).bytes::<16>());
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!(Random::system().bytes::<16>(), Random::system().bytes::<16>());
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_of_it() {
        let random = Random::seeded(1);
        let mut seen = [false; 10];
        for _ in 0..1_000 {
            seen[random.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!((random.below(0), random.below(1)), (0, 0));
    }

    #[test]
    fn letters_and_digits_come_equally_often() {
        let text = Random::seeded(1).alphanumeric(62_000);
        assert_eq!(text.len(), 62_000);
        for letter in ALPHANUMERIC {
            let seen = text.bytes().filter(|byte| byte == letter).count();
            assert!((850..1_150).contains(&seen), "{} came {seen} times of about 1000", char::from(*letter));
        }
        assert_eq!(Random::seeded(1).alphanumeric(0), "");
    }
}

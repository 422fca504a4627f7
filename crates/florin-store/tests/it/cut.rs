//! A wire to `PostgreSQL` that breaks at a commit: before the server hears of it, or before the client hears back.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the next commit breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum At {
    Request,
    Answer,
}

pub struct Cut {
    directory: PathBuf,
    armed: Arc<AtomicBool>,
}

impl Cut {
    /// A wire beside the one that `url` names.
    pub fn beside(url: &str, at: At) -> (Self, String) {
        let real = url.split_once('@').unwrap().1.split_once('/').unwrap().0.replace("%2F", "/");
        let directory = std::env::temp_dir().join(format!("florin-cut-{}-{}", std::process::id(), u8::from(at == At::Answer)));
        std::fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join(".s.PGSQL.5432")).unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&armed);
        let server = PathBuf::from(&real).join(".s.PGSQL.5432");
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&server).unwrap();
                carry(client, server, Arc::clone(&shared), at);
            }
        });
        let url = url.replace(&real.replace('/', "%2F"), &directory.to_string_lossy().replace('/', "%2F"));
        (Self { directory, armed }, url)
    }

    /// Breaks the connection at the next commit, once.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    pub fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn carry(client: UnixStream, server: UnixStream, armed: Arc<AtomicBool>, at: At) {
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let deaf = Arc::new(AtomicBool::new(false));
    let cut = Arc::clone(&deaf);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from_server.read(&mut buffer) {
            if cut.load(Ordering::SeqCst) {
                break; // This was the answer to the commit.
            }
            if to_client.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    std::thread::spawn(move || {
        let (mut client, mut server) = (client, server);
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            let commits = buffer[..count].windows(6).any(|word| word == b"COMMIT");
            if commits && armed.swap(false, Ordering::SeqCst) {
                deaf.store(true, Ordering::SeqCst);
                if at == At::Request {
                    break;
                }
            }
            if server.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
}

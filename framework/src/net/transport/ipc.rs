//! ipc: octets between processes of one host, by a socket in the file system.
//!
//! A path that begins with `@` is a name in Linux's abstract namespace, which no file stands for.

use std::io;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::endpoint::Endpoint;
use super::halves::halves;
use super::{Link, Listener};

/// Opens a connection to the socket at `path`.
pub(crate) async fn connect(path: &Path) -> io::Result<Link> {
    link(UnixStream::connect(system_path(path)).await?)
}

/// Listens at `path`.
///
/// A socket that is there already and at which nobody listens is replaced: its process has died. One at
/// which somebody listens is left alone.
pub(crate) async fn listen(path: PathBuf) -> io::Result<Box<dyn Listener>> {
    if is_abstract(&path) {
        let listener = UnixListener::bind(system_path(&path))?;
        return Ok(Box::new(Ipc { listener, path, file: None }));
    }
    let listener = match UnixListener::bind(&path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(&path).await => {
            std::fs::remove_file(&path)?;
            UnixListener::bind(&path)?
        }
        listener => listener?,
    };
    let file = identity(&path);
    Ok(Box::new(Ipc { listener, path, file }))
}

fn is_abstract(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().first() == Some(&b'@')
}

/// In the abstract namespace, the system expects an octet 0 where we write `@`.
fn system_path(path: &Path) -> PathBuf {
    match path.to_str().and_then(|path| path.strip_prefix('@')) {
        Some(name) => PathBuf::from(format!("\0{name}")),
        None => path.to_owned(),
    }
}

/// Whether `path` is a socket at which nobody listens.
async fn is_left_over(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
        && UnixStream::connect(path)
            .await
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Which file it is, whatever its name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::symlink_metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

struct Ipc {
    listener: UnixListener,
    path: PathBuf,
    /// The file that was made for it.
    file: Option<(u64, u64)>,
}

impl Drop for Ipc {
    fn drop(&mut self) {
        // Another may have taken the name since.
        if self.file.is_some() && identity(&self.path) == self.file {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Listener for Ipc {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Link>> {
        let (stream, _) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(link(stream))
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Ipc(self.path.clone())
    }
}

fn link(stream: UnixStream) -> io::Result<Link> {
    let peer = match stream.peer_cred() {
        Ok(user) => match user.pid() {
            Some(process) => format!("user {} process {process}", user.uid()),
            None => format!("user {}", user.uid()),
        },
        Err(_) => "unknown".to_owned(),
    };
    let (reader, writer) = stream.into_split();
    Ok(Link { reader: Box::new(reader), writer: Box::new(writer), peer })
}

halves!(OwnedReadHalf, OwnedWriteHalf);

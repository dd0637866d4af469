//! The two halves of tokio's streams, of tcp and of ipc: the same verbs under different names of types.

/// Makes a transport's halves of tokio's.
macro_rules! halves {
    ($reader:ty, $writer:ty) => {
        impl $crate::net::transport::Reader for $reader {
            fn poll_read(
                &mut self,
                cx: &mut std::task::Context<'_>,
                buffer: &mut bytes::BytesMut,
            ) -> std::task::Poll<std::io::Result<usize>> {
                use std::future::Future;
                // The future holds nothing between polls: to drop it loses nothing.
                std::pin::pin!(tokio::io::AsyncReadExt::read_buf(self, buffer)).poll(cx)
            }
        }

        impl $crate::net::transport::Writer for $writer {
            fn try_write(&mut self, parts: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                match parts {
                    // Its system call is the quicker one.
                    [part] => self.as_ref().try_write(part),
                    _ => self.try_write_vectored(parts),
                }
            }

            fn poll_writable(
                &mut self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.as_ref().poll_write_ready(cx)
            }

            fn poll_shutdown(
                &mut self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                tokio::io::AsyncWrite::poll_shutdown(std::pin::Pin::new(self), cx)
            }
        }
    };
}

pub(super) use halves;

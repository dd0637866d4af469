//! What every type of socket has, written once.

/// Declares a type of socket, with the verbs that all have.
macro_rules! socket {
    ($(#[$doc:meta])* $name:ident, $socket_type:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Handle);

        impl $name {
            /// A socket without endpoints.
            ///
            /// # Errors
            ///
            /// The options contradict each other or the socket's type; the error names which.
            pub fn new(options: Options) -> Result<Self, OptionError> {
                Handle::new(SocketType::$socket_type, options).map(Self)
            }

            /// A socket that listens at `endpoint`, with default options.
            ///
            /// # Errors
            ///
            /// See [`BindError`].
            ///
            /// # Panics
            ///
            /// Outside a tokio runtime with I/O and time.
            pub async fn bind(endpoint: impl ToEndpoint) -> Result<Self, BindError> {
                let socket = Self::new(Options::new())?;
                socket.also_bind(endpoint).await?;
                Ok(socket)
            }

            /// A socket that connects to `endpoint`, with default options. It does not wait for the
            /// connection, which is opened in the background, and again whenever it is lost: nobody needs
            /// to listen there yet.
            ///
            /// # Errors
            ///
            /// See [`ConnectError`].
            ///
            /// # Panics
            ///
            /// Outside a tokio runtime with I/O and time.
            pub async fn connect(endpoint: impl ToEndpoint) -> Result<Self, ConnectError> {
                let socket = Self::new(Options::new())?;
                socket.also_connect(endpoint).await?;
                Ok(socket)
            }

            /// Listens at one more endpoint, and says where that is: with the port that the system chose,
            /// if it was to.
            ///
            /// # Errors
            ///
            /// See [`BindError`].
            ///
            /// # Panics
            ///
            /// Outside a tokio runtime with I/O and time.
            pub async fn also_bind(
                &self,
                endpoint: impl ToEndpoint,
            ) -> Result<Endpoint, BindError> {
                self.0.bind(endpoint).await
            }

            /// Connects to one more endpoint, in the background.
            ///
            /// # Errors
            ///
            /// See [`ConnectError`].
            ///
            /// # Panics
            ///
            /// Outside a tokio runtime with I/O and time.
            pub async fn also_connect(
                &self,
                endpoint: impl ToEndpoint,
            ) -> Result<(), ConnectError> {
                self.0.connect(endpoint)
            }

            /// Listens no longer at an endpoint, as [`bound`](Self::bound) gives it. Connections that
            /// were accepted there stay. False if the socket does not listen there.
            pub fn unbind(&self, endpoint: impl ToEndpoint) -> bool {
                self.0.leave(endpoint, true)
            }

            /// Ends the connection to an endpoint, once what waits for it is sent. False if there is
            /// none.
            pub fn disconnect(&self, endpoint: impl ToEndpoint) -> bool {
                self.0.leave(endpoint, false)
            }

            /// Where the socket listens, in the order of the binds.
            pub fn bound(&self) -> Vec<Endpoint> {
                self.0.bound()
            }

            /// What happens to the socket's connections from now on.
            pub fn monitor(&self) -> Monitor {
                self.0.monitor()
            }

            /// Closes the socket, and waits until all that was sent is on its way, or the
            /// [linger](Options::linger) is over. To drop the socket does the same without waiting, as
            /// long as the runtime goes on.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped, the socket closes without being waited for.
            pub async fn close(self) {
                self.0.close().await;
            }
        }
    };
}

/// Sends that wait for a peer with room.
macro_rules! sends {
    ($name:ident) => {
        impl $name {
            /// Sends a message to the next peer that has room; waits if none has.
            ///
            /// # Errors
            ///
            /// [`Empty`](SendError::Empty) for a message without frames, [`Closed`](SendError::Closed)
            /// if the socket's runtime has ended. The message comes back.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped before it is done, the message was not sent.
            #[inline]
            pub fn send(
                &self,
                message: impl ToMultipart,
            ) -> impl Future<Output = Result<(), SendError>> {
                self.0.deal(message)
            }

            /// Sends a message if a peer has room.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send), and [`Full`](SendError::Full) where that would wait.
            pub fn try_send(&self, message: impl ToMultipart) -> Result<(), SendError> {
                self.0.try_deal(message.into())
            }

            /// The socket as a [`Sink`](futures_sink::Sink) of messages.
            pub fn sink(&self) -> Outlet<'_> {
                self.0.sink()
            }
        }
    };
}

/// Receives of whatever comes.
macro_rules! receives {
    ($name:ident) => {
        impl $name {
            /// Receives the next message; waits for it. Peers take turns.
            ///
            /// # Errors
            ///
            /// [`Closed`](RecvError::Closed) if the socket's runtime has ended.
            ///
            /// # Cancel safety
            ///
            /// If the future is dropped, no message is lost.
            #[inline]
            pub fn recv(&self) -> impl Future<Output = Result<Multipart, RecvError>> {
                self.0.take()
            }

            /// Receives the next message if there is one.
            ///
            /// # Errors
            ///
            /// As [`recv`](Self::recv), and [`Empty`](RecvError::Empty) where that would wait.
            pub fn try_recv(&self) -> Result<Multipart, RecvError> {
                self.0.try_take()
            }

            /// The messages as a [`Stream`](futures_core::Stream), which ends if the socket's runtime
            /// does.
            pub fn stream(&self) -> Inlet<'_> {
                self.0.stream()
            }
        }
    };
}

pub(crate) use {receives, sends, socket};

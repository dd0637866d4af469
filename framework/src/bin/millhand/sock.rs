//! `millhand sock`: lines in, messages out, and the other way round.

mod freely;

mod turns;

use std::time::{Duration, Instant};

use millhand::net::Options;
use millhand::net::wire::socket_type::SocketType;

use crate::arguments::Sock;
use crate::failure::{Failure, say};
use crate::input::Input;
use crate::line::Format;
use crate::output::{self, Output};
use crate::progress::Progress;
use crate::refusals::Refusals;
use crate::socket::Socket;

/// How long what waits at the end is given to be sent, by sockets that do more than send.
const LINGER: Duration = Duration::from_secs(30);

/// The same for those that only send: they are there for nothing else.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One use of a socket.
struct Talk<'a> {
    socket: &'a Socket,
    socket_type: SocketType,
    /// None if lines are not wanted.
    input: Option<Input>,
    output: &'a mut Output,
    progress: &'a Progress,
    echo: bool,
    count: Option<u64>,
}

/// Runs the command.
pub(crate) async fn run(arguments: Sock) -> Result<(), Failure> {
    let socket_type = arguments.socket_type;
    check(&arguments)?;
    let patience = if only_sends(socket_type) { FOR_EVER } else { LINGER };
    let linger = arguments.timeout.unwrap_or(patience);
    // A ROUTER says what it cannot send.
    let options = Options::new().linger(linger).router_mandatory(true);
    let options = arguments.security.apply(options)?;
    let socket = Socket::new(socket_type, options).map_err(Failure::usage)?;
    let connects = &arguments.places.connect;
    let mut refusals = Refusals::new(socket.monitor(), connects, !arguments.places.bind.is_empty());
    for endpoint in &arguments.places.bind {
        let bound = socket.bind(endpoint).await.map_err(Failure::bind)?;
        say(format_args!("bound {bound}"));
    }
    for endpoint in connects {
        socket.connect(endpoint).await.map_err(Failure::usage)?;
    }
    subscribe(&arguments, &socket).await?;

    let format = Format { hex: arguments.hex };
    let reads = !arguments.echo && !only_receives(socket_type);
    let (mut output, mut printed) = output::open(format)?;
    let progress = Progress::new(arguments.timeout);
    let talk = Talk {
        socket: &socket,
        socket_type,
        input: if reads { Some(Input::open(format)?) } else { None },
        output: &mut output,
        progress: &progress,
        echo: arguments.echo,
        count: arguments.count,
    };
    let done = tokio::select! {
        biased;
        done = talk.run() => done,
        failure = printed.broken() => Err(failure),
        failure = refusals.by_all() => Err(failure),
        failure = progress.stalled() => Err(failure),
    };
    // What was received is printed, however it ended.
    drop(output);
    let patience = arguments.timeout.unwrap_or(FOR_EVER);
    let printed = tokio::time::timeout(patience, printed.wait()).await;
    done?;
    printed.unwrap_or_else(|_| Err(Failure::failed("nobody reads standard output")))?;
    let closing = Instant::now();
    tokio::select! {
        biased;
        failure = refusals.by_all() => return Err(failure),
        () = socket.close() => {}
    }
    // Who is refused has nothing left to send, so the close may be over before that is heard.
    if let Some(failure) = refusals.heard().await {
        return Err(failure);
    }
    if closing.elapsed() >= linger {
        return Err(Failure::failed(format!("not all could be sent within {linger:?}")));
    }
    Ok(())
}

/// Finds options that do not fit the type.
fn check(arguments: &Sock) -> Result<(), Failure> {
    use SocketType::{Dealer, Pair, Rep, Router, Sub, XSub};
    let socket_type = arguments.socket_type;
    if arguments.echo && !matches!(socket_type, Dealer | Pair | Rep | Router) {
        return Err(Failure::usage(format!(
            "--echo is for REP, DEALER, ROUTER and PAIR, not for {socket_type}"
        )));
    }
    if !arguments.subscribe.is_empty() && !matches!(socket_type, Sub | XSub) {
        return Err(Failure::usage(format!(
            "--subscribe is for SUB and XSUB, not for {socket_type}"
        )));
    }
    Ok(())
}

async fn subscribe(arguments: &Sock, socket: &Socket) -> Result<(), Failure> {
    for prefix in &arguments.subscribe {
        socket.subscribe(prefix.as_encoded_bytes()).await.map_err(Failure::failed)?;
    }
    if arguments.socket_type == SocketType::Sub && arguments.subscribe.is_empty() {
        socket.subscribe(b"").await.map_err(Failure::failed)?;
    }
    Ok(())
}

fn only_sends(socket_type: SocketType) -> bool {
    matches!(socket_type, SocketType::Push | SocketType::Pub)
}

fn only_receives(socket_type: SocketType) -> bool {
    matches!(socket_type, SocketType::Pull | SocketType::Sub)
}

impl Talk<'_> {
    /// Goes on until it is done.
    async fn run(self) -> Result<(), Failure> {
        match self.socket_type {
            SocketType::Req => self.ask().await,
            SocketType::Rep => self.answer().await,
            _ => self.freely().await,
        }
    }

    /// Whether this many are enough.
    fn enough(&self, number: u64) -> bool {
        self.count == Some(number)
    }
}

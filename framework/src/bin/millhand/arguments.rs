//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use millhand::net::wire::socket_type::SocketType;
use millhand::net::{Endpoint, EndpointError};

use crate::failure::{Failure, one_line};

/// ZeroMQ sockets, devices, keys and measurements (ZMTP 3.1: NULL, PLAIN, CURVE).
///
/// Endpoints: tcp://127.0.0.1:5555 (port 0: the system chooses), ipc:///run/name. Each is printed to
/// standard error once it is bound: `bound tcp://127.0.0.1:41233`.
///
/// Ends with status 0 when done, 1 when it could not be done, 2 when it was asked wrongly, with one line on
/// standard error; and with 0, silently, when nobody reads its output any more.
#[derive(Debug, Parser)]
#[command(name = "millhand", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Each is described where its arguments are.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sock(Sock),
    Device(Device),
    Keygen(Keygen),
    #[command(subcommand)]
    Bench(Bench),
}

/// Sends lines of standard input as messages, and prints messages as lines.
///
/// A line is a message; TAB stands between its frames. All other octets are passed on as they are, in both
/// directions. A frame that is received and has a TAB or LF in it is printed as it is too, and once said to
/// be ambiguous on standard error: use --hex where that can happen, as with the routing ids that a ROUTER
/// chooses.
///
/// REQ sends the next line when the reply to the last has come, and ends with status 0 after the last reply.
/// If the peer that was asked is lost, it says so on standard error and asks again, so a request may be
/// done twice; --timeout bounds it.
///
/// REP answers each request with the next line, waiting for it. If a request comes and the input has ended,
/// it ends with status 1.
///
/// ROUTER: the first frame is the peer's routing id, in both directions. A line for a peer that is not there,
/// or has no room, is dropped and said so.
///
/// PUB drops what nobody has subscribed to yet. XPUB prints subscriptions (an octet 1, or 0 to cancel, and
/// the topic), and XSUB sends them: use --hex for both.
///
/// At the end of the input PUSH and PUB send what waits and end with status 0; all others go on receiving.
#[derive(Debug, Args)]
pub(crate) struct Sock {
    /// push, pull, pub, sub, xpub, xsub, req, rep, dealer, router or pair.
    #[arg(value_name = "TYPE", value_parser = socket_type)]
    pub(crate) socket_type: SocketType,
    #[command(flatten)]
    pub(crate) places: Places,
    /// Wants messages that begin with this. For SUB, which wants everything without it, and XSUB.
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    pub(crate) subscribe: Vec<OsString>,
    /// Sends back what came, instead of lines of input. For REP, DEALER, ROUTER and PAIR.
    #[arg(long)]
    pub(crate) echo: bool,
    /// Frames are hexadecimal digits, in and out.
    #[arg(long)]
    pub(crate) hex: bool,
    /// Ends with status 0 after so many messages received; for PUSH and PUB, sent; for REP, and with
    /// --echo, answered.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Ends with status 1 when nothing was sent or received for so many seconds. What waits at the end is
    /// then given so long to be sent; otherwise 30 seconds, and by PUSH and PUB without limit.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) security: Security,
}

/// At least one of them is needed.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Places {
    /// Listens here. May be given several times.
    #[arg(long, value_name = "EP")]
    pub(crate) bind: Vec<Endpoint>,
    /// Connects to here, again whenever the connection is lost. May be given several times.
    #[arg(long, value_name = "EP")]
    pub(crate) connect: Vec<Endpoint>,
}

/// Passes messages on between two endpoints, until it is told to end.
///
/// Both are bound; a `>` before an endpoint connects it (in quotes, for the shell).
///
///   queue      ROUTER in front, DEALER behind: requests there, replies back
///   forwarder  XSUB in front, XPUB behind: messages there, subscriptions back
///   streamer   PULL in front, PUSH behind
///
/// The security options count for all its sockets, --control included.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Device {
    /// What it passes on.
    pub(crate) kind: Kind,
    /// Where messages come from.
    pub(crate) frontend: Place,
    /// Where they go.
    pub(crate) backend: Place,
    /// A PUB socket with a copy of every message that it has room for.
    #[arg(long, value_name = "EP")]
    pub(crate) capture: Option<Place>,
    /// A REP socket that takes PAUSE, RESUME, TERMINATE and STATISTICS. Each is answered with an empty
    /// message, STATISTICS with 8 frames of 8 octets in this machine's order: messages and octets that the
    /// front received, the front sent, the back received, the back sent.
    #[arg(long, value_name = "EP")]
    pub(crate) control: Option<Place>,
    #[command(flatten)]
    pub(crate) security: Security,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Requests from many to many, and their replies.
    Queue,
    /// Messages to whoever subscribes.
    Forwarder,
    /// Work from many to many.
    Streamer,
}

/// An endpoint, and what to do there.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    pub(crate) connects: bool,
}

impl FromStr for Place {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Place, EndpointError> {
        let (text, connects) = match text.strip_prefix('>') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        Ok(Place { endpoint: text.parse()?, connects })
    }
}

/// Makes a key pair for CURVE: NAME.key to give away, and NAME.key_secret, mode 0600, to keep.
///
/// Prints both paths. Status 2, and nothing written, if there is a file of either name.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// What the files are called, without `.key`. None is ever written over.
    #[arg(long, value_name = "NAME")]
    pub(crate) out: PathBuf,
}

/// Measures how many messages pass in a second, or how long a round trip takes.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Messages per second. The side that binds receives (PULL), the one that connects sends (PUSH).
    ///
    /// Each side prints one line: messages and megabytes (10^6 octets) per second, and processor time of
    /// this side per message. The receiver counts from the first message to the last.
    Thr(Measurement),
    /// Round trips, one after the other. The side that binds answers (REP), the one that connects asks (REQ)
    /// and prints the mean, the median and the 99th percentile in µs.
    Lat(Measurement),
}

impl Bench {
    pub(crate) fn threads(&self) -> usize {
        let (Bench::Thr(measurement) | Bench::Lat(measurement)) = self;
        measurement.threads.into()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Measurement {
    /// Which side this is.
    pub(crate) side: Side,
    /// Where.
    #[arg(value_name = "EP")]
    pub(crate) endpoint: Endpoint,
    /// Octets of each message. Both sides say the same.
    #[arg(value_parser = clap::value_parser!(u32).range(..=1 << 30))]
    pub(crate) size: u32,
    /// How many messages or round trips. Both sides say the same.
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: u64,
    /// Threads of the runtime.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: u16,
    #[command(flatten)]
    pub(crate) security: Security,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// Waits for the other.
    Bind,
    /// Comes to the other.
    Connect,
}

/// Who may talk to whom. Without any of these: everybody (NULL).
#[derive(Debug, Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct Security {
    /// CURVE, as the server; needs --curve-key.
    #[arg(long, requires = "curve_key")]
    pub(crate) curve_server: bool,
    /// The secret certificate of this side (NAME.key_secret); `millhand keygen` makes one.
    #[arg(long, value_name = "FILE")]
    pub(crate) curve_key: Option<PathBuf>,
    /// CURVE, as a client: the server's public certificate, or its key as 40 characters; needs --curve-key.
    #[arg(
        long,
        value_name = "FILE|Z85",
        requires = "curve_key",
        conflicts_with = "curve_server",
        allow_hyphen_values = true
    )]
    pub(crate) curve_server_key: Option<OsString>,
    /// Lets only those clients in whose public certificates (*.key) are in this directory. Without it, every
    /// client that knows the server's public key comes in.
    #[arg(long, value_name = "DIR", requires = "curve_server")]
    pub(crate) curve_allow: Option<PathBuf>,
    /// PLAIN, as the server: a file of lines `user:password`. Passwords cross the network in the clear.
    #[arg(long, value_name = "USERS", conflicts_with_all = ["curve_key", "plain_user"])]
    pub(crate) plain_server: Option<PathBuf>,
    /// PLAIN, as a client; needs --plain-password.
    #[arg(
        long,
        value_name = "U",
        requires = "plain_password",
        conflicts_with = "curve_key",
        allow_hyphen_values = true
    )]
    pub(crate) plain_user: Option<String>,
    /// Other users of this machine can see it in its list of processes.
    #[arg(long, value_name = "P", requires = "plain_user", allow_hyphen_values = true)]
    pub(crate) plain_password: Option<String>,
    /// Lets NULL bind where other hosts can reach it.
    #[arg(long)]
    pub(crate) allow_insecure: bool,
}

fn socket_type(text: &str) -> Result<SocketType, String> {
    text.to_ascii_uppercase().parse().map_err(|_| {
        "the types are push, pull, pub, sub, xpub, xsub, req, rep, dealer, router and pair".into()
    })
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds {
        Some(seconds) if !seconds.is_zero() => Ok(seconds),
        _ => Err("it is a number of seconds above 0, such as 2 or 0.5"),
    }
}

/// Reads the command line. Help and version are printed here.
pub(crate) fn parse() -> Result<Command, Failure> {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments.command),
        Err(error) => error,
    };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // That nobody reads it is no failure.
        let _ = error.print();
        return Err(Failure::Quiet);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Err(Failure::usage("a subcommand is missing (see --help)"));
    }
    // clap's message, its usage and its tips are paragraphs; the first says what is wrong.
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or(&text);
    let message = message.strip_prefix("error: ").unwrap_or(message);
    Err(Failure::usage(format!("{} (see --help)", one_line(message))))
}

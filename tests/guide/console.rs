//! Runs the sessions on the book's pages about the program `millhand`, as they stand there, and holds the
//! options that a page lists to those that the program has.
//!
//! The blocks of `console` below one heading are terminals side by side, in one empty directory. Each is a
//! shell of its own, and starts as soon as the one before it is bound or has come to its last command. What a
//! command prints must be what follows it on the page; of lines with times or processes, the numbers may be
//! others. A last line `^C` breaks the terminal off once all others have ended.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// After so long without a line, a terminal hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// Pages with sessions.
const PAGES: [&str; 2] =
    [include_str!("../../book/src/cli.md"), include_str!("../../book/src/devices.md")];

/// What a shell prints between two commands.
const NEXT: &str = "-- next --";

/// The terminals below one heading.
#[derive(Debug, PartialEq)]
struct Session<'a> {
    heading: &'a str,
    terminals: Vec<Vec<Prompt<'a>>>,
}

/// A command, and what it prints.
#[derive(Debug, Default, PartialEq)]
struct Prompt<'a> {
    command: &'a str,
    prints: Vec<&'a str>,
    broken_off: bool,
}

fn sessions(page: &str) -> Vec<Session<'_>> {
    let mut sessions = Vec::new();
    let mut session = Session { heading: "", terminals: Vec::new() };
    // Within a block: whether it is a terminal.
    let mut block: Option<bool> = None;
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            block = match block {
                None => Some(kind == "console"),
                Some(_) => None,
            };
            if block == Some(true) {
                session.terminals.push(Vec::new());
            }
        } else if block == Some(true) {
            let terminal = session.terminals.last_mut().expect("the block has begun");
            match (line.strip_prefix("$ "), terminal.last_mut()) {
                (Some(command), _) => terminal.push(Prompt { command, ..Prompt::default() }),
                (None, Some(prompt)) if line == "^C" => prompt.broken_off = true,
                (None, Some(prompt)) => prompt.prints.push(line),
                (None, None) => panic!("{}: `{line}` before any command", session.heading),
            }
        } else if block.is_none() && line.starts_with('#') {
            sessions.push(session);
            session =
                Session { heading: line.trim_start_matches(['#', ' ']), terminals: Vec::new() };
        }
    }
    sessions.push(session);
    sessions.retain(|session| !session.terminals.is_empty());
    sessions
}

/// A shell that runs; it and all that it started are killed when this is dropped.
struct Terminal<'a> {
    /// The command at hand, and those to come.
    prompts: &'a [Prompt<'a>],
    /// What the command at hand has printed.
    printed: Vec<String>,
    shell: Child,
    lines: Receiver<String>,
}

impl<'a> Terminal<'a> {
    fn open(prompts: &'a [Prompt<'a>], directory: &Path) -> Terminal<'a> {
        let commands: Vec<_> = prompts.iter().map(|prompt| prompt.command).collect();
        // `$?` stays what it was.
        let script = commands.join(&format!("\n_status=$?; echo '{NEXT}'; (exit $_status)\n"));
        let programs = millhand().parent().expect("it is in a directory").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{script}")])
            .env("PATH", format!("{programs}:{path}"))
            .current_dir(directory)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let output = BufReader::new(shell.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        // Ends with the output of all that the shell started.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Terminal { prompts, printed: Vec::new(), shell, lines }
    }

    /// Follows it until it is bound, or is at its last command: where the next terminal is opened.
    fn until_it_waits(&mut self) -> Result<(), String> {
        while let [prompt, rest @ ..] = self.prompts {
            let binds = prompt.prints.iter().take_while(|line| line.starts_with("bound ")).count();
            let waits = binds > 0 || rest.is_empty();
            if self.reads(if waits { binds } else { usize::MAX })? {
                break;
            }
        }
        Ok(())
    }

    /// Follows it as far as the page tells of it.
    fn until_all_is_printed(&mut self) -> Result<(), String> {
        while let [prompt, ..] = self.prompts {
            if self.reads(if prompt.broken_off { prompt.prints.len() } else { usize::MAX })? {
                break;
            }
        }
        Ok(())
    }

    /// Breaks it off, if the page does.
    fn until_it_is_broken_off(&mut self) -> Result<(), String> {
        let mut seconds = 0;
        while let [prompt, ..] = self.prompts {
            if seconds == DEADLINE.as_secs() {
                return Err(format!("`{}` cannot be broken off", prompt.command));
            }
            // One that comes while the shell starts a command may be lost on it, so it is broken off again.
            self.signal("-INT");
            self.reads_within(usize::MAX, Duration::from_secs(1))?;
            seconds += 1;
        }
        Ok(())
    }

    /// Reads on until the command at hand has printed so many lines. If it ends before, all that it printed
    /// must be what is on the page, and the next command is at hand.
    fn reads(&mut self, lines: usize) -> Result<bool, String> {
        self.reads_within(lines, DEADLINE)?.ok_or_else(|| {
            let command = self.prompts.first().map_or("the shell", |prompt| prompt.command);
            format!("`{command}` prints no more than {:#?}", self.printed)
        })
    }

    /// The same; none if there is no further line for so long.
    fn reads_within(&mut self, lines: usize, time: Duration) -> Result<Option<bool>, String> {
        while self.printed.len() < lines {
            let line = match self.lines.recv_timeout(time) {
                Ok(line) if line != NEXT => line,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                end => {
                    let [prompt, rest @ ..] = self.prompts else { return Ok(Some(false)) };
                    same(prompt, &self.printed)?;
                    if end.is_err() && !rest.is_empty() {
                        return Err(format!("`{}` ended the shell", prompt.command));
                    }
                    self.prompts = rest;
                    self.printed.clear();
                    return Ok(Some(false));
                }
            };
            self.printed.push(line);
        }
        Ok(Some(true))
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.shell.id());
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        self.signal("-KILL");
        let _ = self.shell.wait();
    }
}

/// Whether a command printed what the page says.
fn same(prompt: &Prompt<'_>, printed: &[String]) -> Result<(), String> {
    let Prompt { command, prints, .. } = prompt;
    let is_so = |page: &str, line: &str| {
        let bare = without_numbers(line);
        line == page || bare.is_some() && bare == without_numbers(page)
    };
    if printed.len() == prints.len()
        && prints.iter().zip(printed).all(|(page, line)| is_so(page, line))
    {
        return Ok(());
    }
    Err(format!("`{command}` prints {printed:#?}, on the page {prints:#?}"))
}

/// A line with numbers that differ from run to run, without its numbers; none if it has no such.
fn without_numbers(line: &str) -> Option<String> {
    let differs = [" µs", " process "].iter().any(|word| line.contains(word));
    let number = |c: char| c.is_ascii_digit() || c == '.';
    differs.then(|| line.split(number).collect())
}

/// Runs a session from its first command to its last line.
fn run(session: &Session<'_>, directory: &Path) -> Result<(), String> {
    let mut terminals = Vec::new();
    for prompts in &session.terminals {
        let mut terminal = Terminal::open(prompts, directory);
        terminal.until_it_waits()?;
        terminals.push(terminal);
    }
    terminals.iter_mut().try_for_each(Terminal::until_all_is_printed)?;
    terminals.iter_mut().try_for_each(Terminal::until_it_is_broken_off)
}

/// The program, as cargo builds it: no package but its own can have it built for its tests.
fn millhand() -> &'static PathBuf {
    static MILLHAND: OnceLock<PathBuf> = OnceLock::new();
    MILLHAND.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "millhand", "--features", "cli"])
            .args(["--bin", "millhand", "--message-format", "json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("there is a cargo");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).expect("JSON is UTF-8");
        let path =
            messages.split("\"executable\":\"").nth(1).and_then(|rest| rest.split('"').next());
        path.expect("it has one").into()
    })
}

/// An empty directory, gone afterwards. Its name is short, for an ipc endpoint is.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let name = format!("millhand-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a new directory");
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The options of a command, each with its value: first its own, then those of security.
fn options(help: &str) -> [BTreeSet<String>; 2] {
    let mut options = [BTreeSet::new(), BTreeSet::new()];
    let mut at = 0;
    for line in help.lines() {
        at |= usize::from(line == "Security:");
        let option = line.trim_start().strip_prefix("--").filter(|_| line.starts_with("      --"));
        options[at].extend(option.map(|option| format!("--{}", option.replace(['<', '>'], ""))));
    }
    options
}

/// The options in the tables below a heading of the page.
fn listed(page: &str, heading: &str) -> BTreeSet<String> {
    let section = page.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let rows = section.filter_map(|line| line.strip_prefix("| `--")?.split_once('`'));
    rows.map(|(option, _)| format!("--{}", option.replace('\\', ""))).collect()
}

#[test]
fn sessions_are_as_they_stand_on_the_page() {
    let mut number = 0;
    for session in PAGES.into_iter().flat_map(sessions) {
        number += 1;
        let directory = Directory::new(&number.to_string());
        if let Err(problem) = run(&session, &directory.0) {
            panic!("below `{}`: {problem}", session.heading);
        }
    }
    assert!(number > 6, "only {number} sessions");
}

#[test]
fn the_page_lists_the_options_that_there_are() {
    let [page, _] = PAGES;
    for (heading, command) in [
        ("## sock", &["sock"][..]),
        ("## device", &["device"]),
        ("## keygen", &["keygen"]),
        ("## bench", &["bench", "thr"]),
        ("## bench", &["bench", "lat"]),
    ] {
        let help = Command::new(millhand()).args(command).arg("--help").output().expect("it runs");
        let [own, security] = options(&String::from_utf8_lossy(&help.stdout));
        assert!(!own.is_empty(), "{command:?} has no options");
        assert_eq!(listed(page, heading), own, "{command:?}");
        if heading != "## keygen" {
            assert_eq!(listed(page, "## Keys and passwords"), security, "{command:?}");
        }
    }
}

#[test]
fn what_a_page_says_is_found() {
    let page = "# A\n```console\n$ echo one\none\n$ cat\n^C\n```\nand\n```console\n$ true\n```\n## B\n\
                ```text\n$ no\n```\n";
    let prompt = |command, prints: &[&'static str], broken_off| Prompt {
        command,
        prints: prints.to_vec(),
        broken_off,
    };
    let terminals = vec![
        vec![prompt("echo one", &["one"], false), prompt("cat", &[], true)],
        vec![prompt("true", &[], false)],
    ];
    assert_eq!(sessions(page), [Session { heading: "A", terminals }]);

    let help = "Options:\n      --one <X>\n          Some --words\n  -h, --help\n\nSecurity:\n      --two <A|B>\n";
    let [own, security] = options(help);
    let page = "## a\n| `--one X` | `--no` |\n## b\n| `--two A\\|B` | |\n";
    assert_eq!((listed(page, "## a"), listed(page, "## b")), (own, security));
    assert_eq!(listed(page, "## b"), BTreeSet::from(["--two A|B".to_owned()]));
}

#[test]
fn a_session_that_is_not_so_is_noticed() {
    let directory = Directory::new("planted");
    let check = |blocks: &str| {
        let page = blocks.replace('<', "```console\n").replace('>', "```\n");
        run(&sessions(&page)[0], &directory.0)
    };
    let finds = |what: &str, blocks: &str| {
        let problem = check(blocks).expect_err(blocks);
        assert!(problem.contains(what), "{what}: {problem}");
    };
    for fine in [
        "<$ echo one\none\n$ printf '\\na\\n'\n\na\n>",
        "<$ (exit 3)\n$ echo $?\n3\n>",
        "<$ echo bound x; sleep 1000\nbound x\n^C\n><$ echo 2\n2\n>",
        "<$ echo 1.5 µs in 3\n20 µs in 44.5\n><$ echo user 1 process 2\nuser 10 process 20\n>",
    ] {
        check(fine).unwrap_or_else(|problem| panic!("{fine}: {problem}"));
    }
    finds("`echo one` prints", "<$ echo one\ntwo\n>");
    finds("`echo one` prints", "<$ echo one\none\none\n>");
    finds("`echo one` prints", "<$ echo one\n$ echo two\ntwo\n>");
    finds("`echo two` prints", "<$ echo one\none\n><$ echo two\none\n>");
    finds("`echo 1 s` prints", "<$ echo 1 s\n2 s\n>");
    finds("`echo 1 µs` prints", "<$ echo 1 µs\n2 µs more\n>");
    finds("ended the shell", "<$ exit\n$ echo one\none\n>");
    finds("prints", "<$ trap 'echo two; exit' INT; echo one; sleep 1000\none\n^C\n>");
}

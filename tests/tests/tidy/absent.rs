//! What is absent on purpose, and stays so.

use super::{File, Findings, clean, file, repository, rust};

/// A word or path that does not belong in some files, and why.
struct Absent {
    below: &'static [&'static str],
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

/// Models run under loom, and may do what the code they model may not.
const MODELS: &str = "models.rs";

const ABSENT: [Absent; 10] = [
    Absent {
        below: &["framework/src/"],
        except: &["framework/src/sync.rs", MODELS],
        words: &["atomic", "loom"],
        why: "atomics come from sync.rs, so that models run the code that ships",
    },
    Absent {
        below: &["framework/src/", "macros/src/", "workers-example/src/"],
        except: &[
            "framework/src/actor/mailbox/queue.rs",
            "framework/src/actor/cell/mod.rs",
            "framework/src/actor/reply.rs",
            MODELS,
        ],
        words: &["unsafe"],
        why: "unsafe code lives in three files, each with its contract",
    },
    Absent {
        below: &["framework/src/actor/", "framework/src/observe/", "framework/src/time.rs"],
        except: &[],
        words: &["system::"],
        why: "only `system` knows all parts; no part knows it",
    },
    Absent {
        below: &["framework/src/actor/dispatcher/"],
        except: &[],
        words: &["message::", "worker::", "envelope::", "mailbox::", "supervisor::", "context::"],
        why: "the dispatcher knows only things that can be run",
    },
    Absent {
        below: &["framework/src/actor/supervisor/plan.rs"],
        except: &[],
        words: &["Instant", "SystemTime", "Mutex", "await", "tokio", "tracing", "thread"],
        why: "decisions wait for nothing, send nothing and read no clock",
    },
    Absent {
        below: &["framework/src/net/wire/"],
        except: &[],
        words: &[
            "tokio",
            "async",
            "await",
            "Instant",
            "SystemTime",
            "thread",
            "std::io",
            "std::net",
            "std::fs",
            "socket::",
            "transport::",
        ],
        why: "the protocol does no I/O, reads no clock, and knows nothing of sockets",
    },
    Absent {
        below: &[
            "framework/src/net/transport/mod.rs",
            "framework/src/net/transport/halves.rs",
            "framework/src/net/transport/tcp.rs",
            "framework/src/net/transport/ipc.rs",
            "framework/src/net/transport/inproc.rs",
        ],
        except: &[],
        words: &["wire::"],
        why: "a transport carries octets, and knows nothing of frames",
    },
    Absent {
        below: &["framework/src/actor/", "framework/src/observe/", "framework/src/system/"],
        except: &[],
        words: &["net::"],
        why: "workers and sockets do not know each other",
    },
    Absent {
        below: &["framework/src/"],
        except: &["framework/src/sync.rs", "tests.rs"],
        words: &["set_hook", "take_hook", "env::var", "env::vars", "env::var_os"],
        why: "the library installs no panic hook and reads no environment variable",
    },
    Absent {
        below: &[""],
        except: &[],
        words: &["todo!", "unimplemented!", "dbg!", "#[ignore", "thread::sleep"],
        why: "nothing is left for later, ignored, or slept through",
    },
];

fn absences(files: &[File], rules: &[Absent]) -> Findings {
    let mut findings = Findings::new();
    for file in rust(files) {
        let code = code(&file.text);
        for rule in rules {
            let applies = rule.below.iter().any(|below| file.path.starts_with(below))
                && !rule.except.iter().any(|except| file.path.ends_with(except));
            for word in rule.words.iter().filter(|word| applies && mentions(&code, word)) {
                findings.push(format!("{}: `{word}`; {}", file.path, rule.why));
            }
        }
    }
    findings
}

/// Whether the code has this word, or these words joined by signs, and not as part of longer ones.
fn mentions(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let longer = word.starts_with(part) && before.is_some_and(part)
            || word.ends_with(part) && after.is_some_and(part);
        !longer
    })
}

/// The source with comments and the insides of strings and characters blanked out.
fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let hidden = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) =
            raw_string(rest).filter(|_| !code.ends_with(char::is_alphanumeric))
        {
            end
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        if hidden == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[hidden..];
        }
    }
    code
}

/// Length of the raw string that begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| begin + at + end.len()))
}

/// Length of the string that begins here with a quote.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

/// Length of the character that begins here; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(rest, '\''),
        _ => 0,
    }
}

#[test]
fn what_is_absent_stays_absent() {
    clean(&absences(&repository(), &ABSENT));
}

#[test]
fn each_absence_is_noticed_when_it_ends() {
    let plant = |path: &str, text: &str| absences(&[file(path, text)], &ABSENT);
    for (path, text) in [
        ("framework/src/time.rs", "use std::sync::atomic::AtomicU8;"),
        ("framework/src/time.rs", "use std::sync::{Arc, atomic};"),
        ("framework/src/time.rs", "use loom::thread;"),
        ("framework/src/time.rs", "fn f<'a>() { unsafe { g() } }"),
        ("macros/src/lib.rs", "unsafe impl Send for X {}"),
        ("framework/src/actor/tell.rs", "use crate::system::System;"),
        ("framework/src/actor/dispatcher/mod.rs", "use crate::actor::message::Message;"),
        ("framework/src/actor/supervisor/plan.rs", "let now = Instant::now();"),
        ("framework/src/net/wire/frame.rs", "let now = Instant::now();"),
        ("framework/src/net/wire/curve/mod.rs", "use tokio_util::codec; async fn f() {}"),
        ("framework/src/net/wire/frame.rs", "use crate::net::socket::core::Core;"),
        ("framework/src/net/transport/tcp.rs", "use crate::net::wire::frame::Header;"),
        ("framework/src/actor/tell.rs", "use crate::net::Multipart;"),
        ("framework/src/system/mod.rs", "std::panic::set_hook(hook);"),
        ("framework/src/system/mod.rs", "let x = std::env::var(\"X\");"),
        ("tests/tests/a.rs", "fn f() { todo!() }"),
        ("tests/tests/a.rs", "#[ignore = \"slow\"]"),
        ("tests/tests/a.rs", "let c = '\"'; std::thread::sleep(d); let d = '\"';"),
    ] {
        assert_eq!(plant(path, text).len(), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("framework/src/sync.rs", "use loom::sync::atomic::AtomicU8;"),
        ("framework/src/actor/seat/models.rs", "use loom::thread; unsafe { f() }"),
        ("framework/src/actor/cell/mod.rs", "unsafe { f() }"),
        ("framework/src/time.rs", "#![deny(unsafe_code)] // unsafe, atomic\n/* loom */"),
        ("framework/src/time.rs", "let s = \"unsafe \\\" atomic\"; let r = r#\"unsafe \" loom\"#;"),
        (
            "framework/src/actor/dispatcher/mod.rs",
            "let system = subsystem; #[cfg(millhand_loom)] x",
        ),
        (
            "framework/src/net/wire/z85.rs",
            "// async, tokio\nuse std::net_of_ours::X; subsocket::f()",
        ),
        ("framework/src/net/transport/faulty/frames.rs", "use crate::net::wire::frame::Header;"),
        ("tests/tests/a.rs", "tokio::time::sleep(d).await; my_todo!();"),
    ] {
        clean(&plant(path, text));
    }
}

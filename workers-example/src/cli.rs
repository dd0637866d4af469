//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::Parser;

/// Takes down every regular file below DIR, one line each, sorted by path:
/// sha256, bytes, lines, words, path, with tabs between them.
///
/// Symbolic links are not followed. In a path, backslash, tab and newline appear as \\, \t and \n.
/// The last line on standard error has the figures of the run.
#[derive(Debug, Clone, Parser)]
#[command(name = "inventory", version, after_help = EXIT_STATUS)]
pub struct Args {
    /// The directory to take down.
    #[arg(default_value = ".", hide_default_value = false)]
    pub dir: PathBuf,

    /// Writes the report to FILE, which appears at the end, whole, and is not listed itself
    /// [default: standard output]. Until then it grows beside FILE as .inventory-PID-N.partial; if the
    /// program is killed (SIGKILL), that stays.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// How many workers hash files [default: one per processor].
    #[arg(long, value_name = "N", default_value_t = Args::processors(), hide_default_value = true,
          value_parser = workers)]
    pub workers: usize,

    /// Crashes the worker at a file's first attempt with probability P, from 0 to 1; which files they are
    /// depends on S and their paths alone. The report stays the same.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub chaos: f64,

    /// Chooses which files crash their worker.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
}

/// Each worker may hold a buffer: as many as this stay far below 200 MB.
const MAX_WORKERS: usize = 1_024;

const EXIT_STATUS: &str = "\
Exit status:
  0    every file is in the report
  1    the report could not be written
  2    the command line is wrong, DIR is no directory, or FILE cannot be written
  3    the report lacks the files and directories that standard error names
  130  interrupted (SIGINT), 143 terminated (SIGTERM): there is no report";

impl Args {
    fn processors() -> usize {
        available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS)
    }
}

fn workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(workers @ 1..=MAX_WORKERS) => Ok(workers),
        _ => Err(format!("not a number from 1 to {MAX_WORKERS}")),
    }
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err("not a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, i32> {
        let words = ["inventory"].into_iter().chain(line.split_whitespace());
        Args::try_parse_from(words).map_err(|error| error.exit_code())
    }

    #[test]
    fn without_flags_it_takes_down_the_current_directory_without_chaos() {
        let args = parse("").unwrap();
        assert_eq!(args.dir, PathBuf::from("."));
        assert_eq!((args.out, args.chaos, args.seed), (None, 0.0, 0));
        assert!(args.workers >= 1);
    }

    #[test]
    fn values_out_of_range_are_usage_errors_with_status_2() {
        for line in ["--workers 0", "--workers 1025", "--workers x", "--workers -1"] {
            assert_eq!(parse(line).unwrap_err(), 2, "{line}");
        }
        for line in ["--chaos 1.5", "--chaos -0.1", "--chaos nan", "--chaos inf", "--chaos x"] {
            assert_eq!(parse(line).unwrap_err(), 2, "{line}");
        }
        for line in ["--seed -1", "--seed x", "one two", "--unknown", "--out"] {
            assert_eq!(parse(line).unwrap_err(), 2, "{line}");
        }
    }

    #[test]
    fn the_bounds_themselves_are_fine() {
        assert_eq!(parse("--workers 1").unwrap().workers, 1);
        assert_eq!(parse("--chaos 1.0 --seed 18446744073709551615").unwrap().seed, u64::MAX);
        assert_eq!(parse("--chaos 0").unwrap().chaos, 0.0);
    }

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}

//! The command line: each command builds a job and runs it here and now.
//!
//! Results go to standard output or to files, everything else to standard error. The process ends with 0, 1 for a failure, 2 for wrong usage, 3 for a severe finding where that was asked for, or 130
//! where it was interrupted.

mod args;
mod codes;
mod codes_alone;
mod compare;
mod corpus;
mod data_alone;
mod desktop;
mod doctor;
mod errors;
mod evaluated;
mod file_names;
mod flags;
mod inspect;
pub mod json;
mod listen;
mod metrics_log;
mod model;
mod progress;
mod repair;
mod report;
#[cfg(feature = "mpi")]
mod shared;
mod shell;
mod side_by_side;
mod step_logs;
mod sweep;
mod table;
mod train;
mod watch;

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::io::{self, FileError, Problem};
use crate::jobs::{JobCtx, JobError, JobEvent};
use crate::task::Cancel;
use crate::text::{Message, phrase};

use progress::Reporter;

/// The exit code for a command that was understood and failed.
pub const FAILED: u8 = 1;
/// The exit code for arguments that make no sense.
pub const WRONG_USAGE: u8 = 2;
/// The exit code for a severe finding under `--strict`.
pub const SEVERE: u8 = 3;
/// The exit code for a command that was interrupted, as shells count it.
pub const INTERRUPTED: u8 = 130;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Start {
    /// The window, with these files.
    Window(Vec<PathBuf>),
    /// Nothing more: a command has run, and this is its exit code.
    Done(u8),
}

/// Arguments that are words of the language but make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// A command that was interrupted and keeps what it has reached: what that is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Interrupted(String);

/// What every command works with.
struct Env {
    cancel: Cancel,
    reporter: Reporter,
    threads: usize,
}

/// Runs what `args`, the program's name first, ask for.
#[must_use]
pub fn run(args: Vec<OsString>) -> Start {
    match environment().and_then(|()| of_the_window(&args)) {
        Ok(Some(files)) => return Start::Window(files),
        Ok(None) => {}
        Err(err) => {
            eprintln!("error: {err}");
            return Start::Done(WRONG_USAGE);
        }
    }
    match args::command(args::rule_of(&args)).try_get_matches_from(&args) {
        Ok(matches) => {
            matches.get_one(io::UNPACK_LIMIT_FLAG).copied().into_iter().for_each(io::set_unpack_limit);
            Start::Done(run_command(&matches))
        }
        Err(answer) => {
            let answer = args::answer_in_the_users_language(answer, &args);
            // Help on a closed pipe is no failure.
            let _ = answer.print();
            Start::Done(if answer.use_stderr() { WRONG_USAGE } else { 0 })
        }
    }
}

/// Refuses what the environment says and nothing can be made of.
fn environment() -> Result<(), Usage> {
    match std::env::var_os(io::UNPACK_LIMIT_VAR) {
        Some(text) if !text.is_empty() => byte_count(io::UNPACK_LIMIT_VAR, &text).map(drop),
        _ => Ok(()),
    }
}

fn byte_count(name: &str, text: &OsStr) -> Result<u64, Usage> {
    let text = text.to_string_lossy();
    io::byte_count(&text).ok_or_else(|| {
        Usage(format!("{name} is {text:?}, but must be a number of bytes, such as 512M or 2G"))
    })
}

/// The files of the window that `args` ask for, where the first one is neither a command nor a flag but looks like a file, or there is none. The
/// one flag that counts for the window too may stand before, between and behind them, and is put into effect.
fn of_the_window(args: &[OsString]) -> Result<Option<Vec<PathBuf>>, Usage> {
    let flag = format!("--{}", io::UNPACK_LIMIT_FLAG);
    let (mut files, mut limit) = (Vec::new(), None);
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        match text.strip_prefix(&flag) {
            Some("") => limit = Some(rest.next().cloned().unwrap_or_default()),
            Some(value) if value.starts_with('=') => limit = Some(value.trim_start_matches('=').into()),
            _ => files.push(PathBuf::from(arg)),
        }
    }
    if !files.first().is_none_or(|first| looks_like_a_file(first)) {
        return Ok(None);
    }
    if let Some(limit) = limit {
        io::set_unpack_limit(byte_count(&flag, &limit)?);
    }
    Ok(Some(files))
}

fn looks_like_a_file(first: &Path) -> bool {
    let text = first.to_string_lossy();
    if text.starts_with('-') || args::is_command(&text) {
        return false;
    }
    first.exists() || first.components().count() > 1 || first.extension().is_some()
}

fn run_command(matches: &ArgMatches) -> u8 {
    let Some((name, matches)) = matches.subcommand() else { return WRONG_USAGE };
    #[cfg(feature = "mpi")]
    if let Some(membership) = crate::ranks::joined() {
        return shared::run_command(name, matches, membership);
    }
    let env = Env {
        cancel: Cancel::default(),
        reporter: Reporter::new(std::io::stderr().is_terminal()),
        threads: flags::threads(matches),
    };
    let cancel = env.cancel.clone();
    // Without a handler an interrupt ends the process at once, which leaves no half-written file either.
    let _ = ctrlc::set_handler(move || {
        if cancel.is_cancelled() {
            std::process::exit(i32::from(INTERRUPTED));
        }
        cancel.cancel();
    });
    let done = match name {
        "train" if compare::is_asked(matches) => compare::compare(matches, &env),
        "train" => train::train(matches, &env),
        "sweep" => sweep::sweep(matches, &env),
        "encode" => codes::encode(matches, &env),
        "decode" => codes::decode(matches, &env),
        "listen" => listen::listen(matches, &env),
        "inspect" => inspect::inspect(matches, &env),
        "convert" => model::convert(matches, &env),
        "write-back" => model::write_back(matches, &env),
        "report" if side_by_side::is_asked(matches) => side_by_side::report(matches, &env),
        "report" => report::report(matches, &env),
        "repair" => repair::repair(matches, &env),
        "doctor" => doctor::doctor(matches, &env),
        "completions" => shell::completions(matches),
        "man" => shell::man(matches),
        "install-desktop" => desktop::install(matches, &env),
        "watch" => watch::watch(matches, &env),
        other => Err(Usage(format!("there is no command {other}")).into()),
    };
    env.reporter.finish();
    match done {
        Ok(()) => 0,
        Err(err) if is_broken_pipe(&err) => 0,
        Err(err) if err.is::<doctor::SevereFinding>() => SEVERE,
        Err(err) if env.cancel.is_cancelled() => {
            let reached = err.downcast_ref::<Interrupted>().map(|Interrupted(words)| words.as_str());
            eprintln!("interrupted; {}", reached.unwrap_or("no file was changed"));
            INTERRUPTED
        }
        Err(err) => {
            eprintln!("error: {}", one_line(&format!("{err:#}")));
            if err.is::<Usage>() { WRONG_USAGE } else { FAILED }
        }
    }
}

impl Env {
    /// Runs `work` with the context of a job whose events go to `also` and to the progress display.
    fn job_with<T>(
        &self,
        also: &(dyn Fn(&JobEvent) + Sync),
        work: impl FnOnce(&JobCtx<'_>) -> Result<T, JobError>,
    ) -> Result<T, JobError> {
        let emit = |event: JobEvent| {
            also(&event);
            self.reporter.event(&event);
        };
        let ctx =
            JobCtx { cancel: &self.cancel, emit: &emit, control: None, threads: self.threads, live: false };
        let done = work(&ctx);
        self.reporter.finish();
        done
    }

    /// Runs `work` with the context of a job of which nothing but its results is shown.
    fn job_quietly<T>(&self, work: impl FnOnce(&JobCtx<'_>) -> Result<T, JobError>) -> Result<T, JobError> {
        let Self { cancel, threads, .. } = self;
        work(&JobCtx { cancel, emit: &|_| {}, control: None, threads: *threads, live: false })
    }

    /// Runs `work` with the context of a job.
    fn job<T>(&self, work: impl FnOnce(&JobCtx<'_>) -> Result<T, JobError>) -> Result<T, JobError> {
        self.job_with(&|_| {}, work)
    }
}

/// Fails now where `path` could not be written later, so that no hour of work is lost. What is there stays as it is.
fn check_writable(path: &Path) -> Result<(), FileError> {
    let refuse = |words: String| Err(Problem::Unsupported(Message::verbatim(words)).at(path));
    if path.is_dir() {
        return Err(Problem::Folder.at(path));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return refuse(format!(
            "the folder {} does not exist, so nothing can be written there",
            folder.display()
        ));
    }
    if path.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
        return refuse("the file is write-protected".to_owned());
    }
    check_folder(folder).map_err(|problem| problem.at(path))
}

/// Whether files can be made in `folder`: makes one without a name, which is gone at once.
fn check_folder(folder: &Path) -> Result<(), Problem> {
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(err) if err.kind() == ErrorKind::PermissionDenied => {
            Err(Problem::NotWritable(phrase!("file-denied")))
        }
        Err(err) if err.kind() == ErrorKind::ReadOnlyFilesystem => {
            Err(Problem::NotWritable(phrase!("file-system-read-only")))
        }
        Err(err) => Err(Problem::System(err)),
    }
}

/// Checks that `path` ends in one of `endings`, or in none at all.
fn check_ending(path: &Path, what: &str, endings: &[&str]) -> Result<(), Usage> {
    let Some(ending) = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()) else {
        return Ok(());
    };
    if endings.contains(&ending.as_str()) {
        return Ok(());
    }
    let known: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    Err(Usage(format!("{what} can be written as {}, not as .{ending}: {}", known.join(", "), path.display())))
}

/// Writes results to standard output.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn is_broken_pipe(err: &anyhow::Error) -> bool {
    err.downcast_ref::<std::io::Error>().is_some_and(|err| err.kind() == ErrorKind::BrokenPipe)
}

/// The text without line breaks and other controls, which a file's name may hold.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

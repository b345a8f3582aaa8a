//! `completions` and `man`: what shells and `man` show of the commands, made of the commands themselves.

use std::path::Path;

use anyhow::Result;
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::io::{Problem, replace_file};
use crate::rvq::rules;

use super::{Usage, args, flags, print};

/// Prints the completions for a shell.
pub(super) fn completions(matches: &ArgMatches) -> Result<()> {
    let shell = matches.get_one::<Shell>("shell").ok_or_else(|| Usage("no shell is named".to_owned()))?;
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut args::command(rules::DEFAULT), "rvqscope", &mut script);
    Ok(print(&with_files(&String::from_utf8_lossy(&script)))?)
}

/// The script with files offered beside the commands, since files alone open the window: zsh has to be told, the others do so anyway.
fn with_files(script: &str) -> String {
    script.replace("\":: :_rvqscope_commands\"", "\":: :{_rvqscope_commands; _files}\"")
}

/// Prints the page of the program, or writes one for each command.
pub(super) fn man(matches: &ArgMatches) -> Result<()> {
    let Some(folder) = flags::optional_path(matches, "dir") else {
        return Ok(print(&page(program()))?);
    };
    std::fs::create_dir_all(folder).map_err(|err| Problem::from(err).at(folder))?;
    let mut written = String::new();
    for command in std::iter::once(program()).chain(program().get_subcommands().cloned()) {
        let path = write_page(folder, command)?;
        written.push_str(&format!("{path}\n"));
    }
    Ok(print(&written)?)
}

/// The command line as a whole, each command knowing its full name.
fn program() -> Command {
    let mut program = args::command(rules::DEFAULT).disable_help_subcommand(true);
    program.build();
    program
}

fn write_page(folder: &Path, command: Command) -> Result<String> {
    let path = folder.join(Man::new(command.clone()).get_filename());
    let text = page(command);
    replace_file(&path, |out| out.write_all(text.as_bytes()))?;
    Ok(path.display().to_string())
}

/// The manual page of a command. Its examples keep their lines, which the crate's own last section would fill like prose.
fn page(command: Command) -> String {
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let has_commands = command.has_subcommands();
    let man = Man::new(command).source(concat!("rvqscope ", env!("CARGO_PKG_VERSION"))).manual("rvqscope");
    let mut sections = vec![
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    if has_commands {
        sections.push(Man::render_subcommands_section);
    }
    let mut out = Vec::new();
    for section in sections {
        // Nothing can fail that is written into memory.
        let _ = section(&man, &mut out);
    }
    let mut last = Roff::new();
    last.control("SH", ["NOTES"]).control("nf", []);
    for line in notes.lines() {
        last.text([roman(line)]);
    }
    format!("{}{}", String::from_utf8_lossy(&out), last.control("fi", []).render())
}

//! `completions` and `man`: what shells and `man` show of the commands, made of the commands themselves.

use anyhow::Result;
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::io::{Problem, replace_file};
use crate::rvq::rules;
use crate::text::t;

use super::{Usage, args, flags, print};

/// Prints the completions for a shell.
pub(super) fn completions(matches: &ArgMatches) -> Result<()> {
    let shell = matches.get_one::<Shell>("shell").ok_or_else(|| Usage("no shell is named".to_owned()))?; // A text outside of the catalogue: errors are English.
    let mut command = args::in_the_users_language(|| args::in_own_words(args::command(rules::DEFAULT)));
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut command, "rvqscope", &mut script);
    Ok(print(&with_files(&String::from_utf8_lossy(&script)))?)
}

/// The script with files offered beside the commands, since files alone open the window: zsh has to be told, the others do so anyway.
fn with_files(script: &str) -> String {
    script.replace("\":: :_rvqscope_commands\"", "\":: :{_rvqscope_commands; _files}\"") // not a text
}

/// Prints the page of the program, or writes one for each command.
pub(super) fn man(matches: &ArgMatches) -> Result<()> {
    let pages = args::in_the_users_language(pages);
    let Some(folder) = flags::optional_path(matches, "dir") else {
        let whole = pages.into_iter().next().map(|(_, text)| text).unwrap_or_default();
        return Ok(print(&whole)?);
    };
    std::fs::create_dir_all(folder).map_err(|err| Problem::from(err).at(folder))?;
    let mut written = String::new();
    for (name, text) in pages {
        let path = folder.join(name);
        replace_file(&path, |out| out.write_all(text.as_bytes()))?;
        written.push_str(&format!("{}\n", path.display()));
    }
    Ok(print(&written)?)
}

/// The pages by the names of their files: that of the program, then that of each command, which knows its full name.
fn pages() -> Vec<(String, String)> {
    let program = args::in_own_words(args::command(rules::DEFAULT).disable_help_subcommand(true));
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    let all = std::iter::once(program).chain(commands);
    all.map(|command| (Man::new(command.clone()).get_filename(), page(command))).collect()
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
    last.control("SH", [t!("help-man-page.notes")]).control("nf", []); // not a text
    for line in notes.lines() {
        last.text([roman(line)]);
    }
    format!("{}{}", with_own_words(&String::from_utf8_lossy(&out)), last.control("fi", []).render())
}

/// The page with the words that the crate puts in replaced by those of the catalogue.
fn with_own_words(page: &str) -> String {
    let headings = [
        ("NAME", t!("help-man-page.name")),               // not a text
        ("SYNOPSIS", t!("help-man-page.synopsis")),       // not a text
        ("DESCRIPTION", t!("help-man-page.description")), // not a text
        ("OPTIONS", t!("help-man-page.options")),         // not a text
        ("SUBCOMMANDS", t!("help-man-page.commands")),    // not a text
    ];
    let page = headings.into_iter().fold(page.to_owned(), |page, (heading, words)| {
        page.replace(&format!("\n.SH {heading}\n"), &format!("\n.SH {words}\n")) // not a text
    });
    let page = page.replace(" [default: ", t!("help-man-page.default")); // not a text
    page.replace("Possible values:", t!("help-man-page.possible-values")) // not a text
}

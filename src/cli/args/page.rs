//! Help in languages other than English, which clap does not speak: the same commands and flags with the words around them, in columns.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use crate::text::t;

use super::HELP_WIDTH;
use super::wrap::{columns, wrapped};

/// How far help stands in where it has lines of its own.
const INDENT: usize = 10;
/// How far it stands in at most where it is beside its flags.
const MOST_INDENT: usize = 38;

/// The command, already built, with the words that clap puts in replaced by those of the catalogue.
pub(super) fn with_own_words(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_id().as_str() {
        "help" => arg.help(t!("help-clap.print-help")),
        "version" => arg.help(t!("help-clap.print-version")),
        _ => arg,
    });
    command.mut_subcommands(|inner| {
        let is_help = inner.get_name() == "help";
        with_own_words(if is_help { inner.about(t!("help-clap.help-command")) } else { inner })
    })
}

/// The command, already built, with help made here instead of by clap.
pub(super) fn with_pages(command: Command) -> Command {
    let page = page(&command);
    command.override_help(page).mut_subcommands(with_pages)
}

/// The help of one command.
fn page(command: &Command) -> String {
    let mut parts: Vec<String> =
        command.get_about().map(|about| wrapped(&about.to_string(), HELP_WIDTH)).into_iter().collect();
    parts.push(usage(command));
    let inner = command.get_subcommands().map(|inner| {
        let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
        (inner.get_name().to_owned(), about)
    });
    parts.extend(section(t!("help-clap.commands"), inner.collect()));
    let args: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let of = |is_of: &dyn Fn(&Arg) -> bool| -> Vec<(String, String)> {
        args.iter().filter(|arg| is_of(arg)).map(|arg| row(arg)).collect()
    };
    let has_none = |arg: &Arg| arg.get_help_heading().is_none();
    parts.extend(section(t!("help-clap.arguments"), of(&|arg| has_none(arg) && arg.is_positional())));
    parts.extend(section(t!("help-clap.options"), of(&|arg| has_none(arg) && !arg.is_positional())));
    let mut headings: Vec<&str> = Vec::new();
    for heading in args.iter().filter_map(|arg| arg.get_help_heading()) {
        if !headings.contains(&heading) {
            headings.push(heading);
            parts.extend(section(heading, of(&|arg| arg.get_help_heading() == Some(heading))));
        }
    }
    parts.extend(command.get_after_help().map(|notes| wrapped(&notes.to_string(), HELP_WIDTH)));
    parts.join("\n\n")
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage:").unwrap_or(&usage); // not a text
    let usage = usage.replace("[OPTIONS]", t!("help-clap.options-in-usage")); // not a text
    let usage = usage.replace("[COMMAND]", t!("help-clap.command-in-usage")); // not a text
    let lines: Vec<&str> = usage.lines().map(str::trim).collect();
    let head = t!("help-clap.usage");
    format!("{head}{}", lines.join(&format!("\n{}", " ".repeat(columns(head)))))
}

/// A flag or argument as it is written, and what is said of it.
fn row(arg: &Arg) -> (String, String) {
    let before = match arg.get_short() {
        Some(short) => format!("-{short}, "),
        None if arg.is_positional() => String::new(),
        None => "    ".to_owned(),
    };
    let mut parts: Vec<String> = arg.get_help().map(ToString::to_string).into_iter().collect();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && !arg.is_hide_default_value_set() && takes_values(arg) {
        parts.push(t!("help-clap.default", value = defaults.join(" ")));
    }
    let values = arg.get_possible_values();
    let values: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    if !values.is_empty() && !arg.is_hide_possible_values_set() {
        parts.push(t!("help-clap.possible-values", values = values.join(t!("help-list-between"))));
    }
    (format!("{before}{arg}"), parts.join(" "))
}

fn takes_values(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.takes_values())
}

/// A heading and the rows below it, their help in a column of its own unless that would be a narrow one.
fn section(heading: &str, rows: Vec<(String, String)>) -> Option<String> {
    let widest = rows.iter().map(|(name, _)| columns(name)).max()?;
    let is_beside = widest + 4 <= MOST_INDENT;
    let indent = if is_beside { widest + 4 } else { INDENT };
    let margin = " ".repeat(indent);
    let mut out = t!("help-clap.heading", heading = heading);
    for (name, help) in rows {
        let help = wrapped(&help, HELP_WIDTH - indent).replace('\n', &format!("\n{margin}"));
        let gap = if is_beside { " ".repeat(indent - 2 - columns(&name)) } else { format!("\n{margin}") };
        out.push_str(&format!("\n  {name}{gap}{help}"));
    }
    Some(out)
}

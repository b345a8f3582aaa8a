//! Help in every language: the same commands, flags, ranges and defaults, with words that a reader of the language understands, in lines that fit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use unicode_width::UnicodeWidthStr;

/// How wide a line may be in Chinese.
const WIDTH: usize = 96;

fn run(language: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
    command.args(args).stdin(Stdio::null()).env("RVQSCOPE_LANG", language);
    // Without a language in the variable it is the system's: none.
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn printed(language: &str, args: &[&str]) -> String {
    let out = run(language, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn help(language: &str, command: &str) -> String {
    let name = (!command.is_empty()).then_some(command);
    printed(language, &name.into_iter().chain(["--help"]).collect::<Vec<_>>())
}

/// Every command; the program itself has an empty name.
fn commands() -> Vec<String> {
    let all = help("en", "");
    let lines =
        all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    std::iter::once(String::new()).chain(names.filter(|name| name != "help")).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// What a line of help begins with, where it is that of a flag or an argument.
fn name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("  ")?;
    let flag = line.strip_prefix("    ").or_else(|| line.get(4..).filter(|_| line.starts_with('-')));
    let flag = flag.and_then(|line| line.split([' ', '[']).next()).filter(|word| word.starts_with("--"));
    flag.filter(|word| word.len() > 2)
}

/// What is said of each flag, in one line.
fn flags(help: &str) -> BTreeMap<&str, String> {
    let mut flags: BTreeMap<&str, String> = BTreeMap::new();
    let mut now = None;
    for line in help.lines() {
        if let Some(flag) = name(line) {
            now = Some(flag);
            assert!(flags.insert(flag, String::new()).is_none(), "{flag} twice");
        } else if !line.starts_with("  ") {
            now = None;
        }
        if let Some(text) = now.and_then(|flag| flags.get_mut(flag)) {
            let line = line.trim_start();
            // The value's name is not said of the flag.
            let own = now.and_then(|flag| line.strip_prefix("-h, ").unwrap_or(line).strip_prefix(flag));
            let said = own.map_or(line, |rest| rest.split_once("  ").map_or("", |(_, said)| said));
            text.push_str(said.trim_start());
            text.push(' ');
        }
    }
    flags
}

/// What stands in the brackets at the end, about ranges and defaults, and what stands before it.
fn facts(said: &str) -> (&str, &str) {
    let of = ["[default: ", "[默认值：", "[1", "[0", "[2", "[B", "[from ", "[最小 "];
    let start = of.iter().filter_map(|opening| said.rfind(opening)).min().unwrap_or(said.len());
    said.split_at(start)
}

fn numbers(text: &str) -> Vec<String> {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.';
    let words = text.split(|c: char| !is_of_number(c)).map(|word| word.trim_matches('.'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_language_has_the_same_flags_ranges_and_defaults() {
    for command in commands() {
        let (english, chinese) = (help("en", &command), help("zh", &command));
        let (english, chinese) = (flags(&english), flags(&chinese));
        assert!(english.contains_key("--help"), "{command}");
        assert!(english.keys().eq(chinese.keys()), "{command}: {:?} {:?}", english.keys(), chinese.keys());
        for (flag, said) in &english {
            let (facts, same) = (facts(said).1, facts(&chinese[flag]).1);
            assert_eq!(facts.is_empty(), same.is_empty(), "{command} {flag}: {said} {}", chinese[flag]);
            assert_eq!(numbers(facts), numbers(same), "{command} {flag}: {facts} {same}");
        }
    }
}

#[test]
fn chinese_help_is_chinese_and_fits() {
    for command in commands() {
        let help = help("zh", &command);
        assert!(is_chinese(help.lines().next().unwrap()), "{command}: {help}");
        for line in help.lines() {
            assert!(line.width() <= WIDTH, "{command}: {} columns: {line}", line.width());
            if !line.starts_with(' ') && !line.is_empty() {
                assert!(is_chinese(line), "{command}: {line}");
            }
        }
        for (flag, said) in flags(&help) {
            assert!(is_chinese(facts(&said).0), "{command} {flag}: {said}");
        }
        for word in [
            "Usage:",
            "Options:",
            "[OPTIONS]",
            "Commands:",
            "Arguments:",
            "[default",
            "[possible values",
            "Print help",
        ] {
            assert!(!help.contains(word), "{command}: {word}");
        }
        // The same by the other way to ask.
        let name = (!command.is_empty()).then_some(command.as_str());
        assert_eq!(printed("zh", &["help"].into_iter().chain(name).collect::<Vec<_>>()), help);
    }
}

#[test]
fn examples_are_the_same_in_every_language() {
    for command in commands().iter().filter(|command| !command.is_empty()) {
        let of = |language| {
            let help = help(language, command);
            let lines = help.lines().filter(|line| line.starts_with("  rvqscope ")).map(str::to_owned);
            lines.collect::<Vec<_>>()
        };
        assert_eq!(of("en"), of("zh"), "{command}");
    }
}

#[test]
fn what_is_no_help_is_english() {
    for args in
        [&["--version"][..], &["tarin"], &["train"], &["train", "--codes", "0"], &["encode", "--beam", "x"]]
    {
        let (english, other) = (run("en", args), run("zh", args));
        assert_eq!((english.status, english.stdout), (other.status, other.stdout), "{args:?}");
        assert_eq!(english.stderr, other.stderr, "{args:?}");
    }
}

#[test]
fn a_language_that_there_is_not_is_none() {
    let english = printed("en", &["train", "--help"]);
    assert_eq!(printed("tlh", &["train", "--help"]), english);
    assert_eq!(printed("", &["train", "--help"]), english);
    assert_eq!(printed("zh_TW.UTF-8", &["train", "--help"]), printed("zh", &["train", "--help"]));
}

#[test]
#[cfg(target_os = "linux")]
fn without_the_variable_the_system_says() {
    let of = |locale: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rvqscope"));
        let command = command.arg("--help").env_remove("RVQSCOPE_LANG").env_remove("LANGUAGE");
        command.env("LC_ALL", locale).output().unwrap().stdout
    };
    assert_eq!(of("zh_CN.UTF-8"), printed("zh", &["--help"]).into_bytes());
    assert_eq!(of("C"), printed("en", &["--help"]).into_bytes());
}

#[test]
fn pages_and_completions_speak_the_language_too() {
    for args in [&["man"][..], &["completions", "zsh"], &["completions", "fish"]] {
        assert!(!is_chinese(&printed("en", args)) && is_chinese(&printed("zh", args)), "{args:?}");
    }
    let page = printed("zh", &["man"]);
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with(".SH ")).collect();
    assert_eq!(headings, [".SH 名称", ".SH 概要", ".SH 描述", ".SH 选项", ".SH 命令", ".SH 说明"]);
    let folder = tempfile::tempdir().unwrap();
    let pages = printed("zh", &["man", folder.path().to_str().unwrap()]);
    for page in pages.lines().map(|path| std::fs::read_to_string(path).unwrap()) {
        assert!(!page.contains("[default: ") && !page.contains("Possible values"), "{page}");
        assert!(page.lines().filter(|line| line.starts_with(".SH ")).all(is_chinese), "{page}");
    }
}

//! A language's files, parsed.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;

use super::{files, short};

/// What stands under a key.
#[derive(Debug, Default)]
pub struct Text {
    /// The name of its file.
    pub file: String,
    /// Its words, those of every variant one behind the other, without what stands in braces.
    pub words: String,
    /// Its variables.
    pub variables: BTreeSet<String>,
}

/// Every text of the language in `folder`, by key, and what is wrong with its files.
pub fn read(folder: &str) -> (BTreeMap<String, Text>, Vec<String>) {
    let (mut texts, mut wrong) = (BTreeMap::new(), Vec::new());
    for path in files(&format!("assets/text/{folder}"), "ftl") {
        let name = short(&path);
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).unwrap();
        let resource = parse(source.as_str()).unwrap_or_else(|(readable, errors)| {
            wrong.extend(errors.iter().map(|error| format!("{name}: {error}")));
            readable
        });
        for entry in &resource.body {
            let message = match entry {
                Entry::Message(message) => message,
                Entry::Junk { content } => {
                    wrong.push(format!("{name}: cannot be read: {content}"));
                    continue;
                }
                _ => continue,
            };
            let own = message.value.iter().map(|value| (message.id.name.to_owned(), value));
            let parts = message.attributes.iter();
            let parts = parts.map(|part| (format!("{}.{}", message.id.name, part.id.name), &part.value));
            for (key, pattern) in own.chain(parts) {
                let mut text = Text { file: file.clone(), ..Text::default() };
                walk(pattern, &mut text);
                if texts.insert(key.clone(), text).is_some() {
                    wrong.push(format!("{name}: {key} stands there twice"));
                }
            }
        }
    }
    (texts, wrong)
}

fn walk(pattern: &Pattern<&str>, text: &mut Text) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.words.push_str(value),
            PatternElement::Placeable { expression } => of_expression(expression, text),
        }
    }
}

fn of_expression(expression: &Expression<&str>, text: &mut Text) {
    match expression {
        Expression::Inline(inline) => of_inline(inline, text),
        Expression::Select { selector, variants } => {
            of_inline(selector, text);
            variants.iter().for_each(|variant| walk(&variant.value, text));
        }
    }
}

fn of_inline(inline: &InlineExpression<&str>, text: &mut Text) {
    match inline {
        InlineExpression::VariableReference { id } => {
            text.variables.insert(id.name.to_owned());
            text.words.push(' ');
        }
        InlineExpression::StringLiteral { value } => text.words.push_str(value),
        InlineExpression::FunctionReference { arguments, .. } => of_arguments(arguments, text),
        InlineExpression::TermReference { arguments: Some(arguments), .. } => of_arguments(arguments, text),
        InlineExpression::Placeable { expression } => of_expression(expression, text),
        _ => {}
    }
}

fn of_arguments(arguments: &CallArguments<&str>, text: &mut Text) {
    arguments.positional.iter().for_each(|argument| of_inline(argument, text));
    arguments.named.iter().for_each(|argument| of_inline(&argument.value, text));
}

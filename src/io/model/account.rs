//! What a file holds of a quantizer beside what a family took in: nothing of that may be left out without a word.

use std::collections::BTreeSet;

use crate::io::tensors::Tensors;
use crate::text::{Message, msg};

/// Parts of a name that say that a module is a quantizer's, whatever stands below it.
const MODULES: [&str; 5] = ["quantiz", "rvq", "codebook", "vq", "rq"];

/// Modules of whole models are called so too.
const WHOLES: [&str; 5] = ["model", "vae", "net", "gan", "codec"];

/// Last parts of names of what changes no code: flags, counters, and what a trainer keeps for itself.
const HARMLESS: [&str; 9] = [
    "inited",
    "initted",
    "initialized",
    "_initialized",
    "num_batches_tracked",
    "codebook_mean_needs_init",
    "codebook_variance_needs_init",
    "batch_mean_needs_init",
    "batch_variance_needs_init",
];

/// Parts of names below which trainers keep copies for themselves.
const TRAINERS: [&str; 4] = ["optim", "scheduler", "exp_avg", "grad_scaler"];

/// Names that are told before the rest is counted.
const SHOWN: usize = 4;

/// The sentence on what was left out, if anything was: `taken` are the tensors that the family read, `others` the places of other quantizers in
/// the file, which the user did not choose.
pub(super) fn left_out(
    tensors: &dyn Tensors,
    taken: &BTreeSet<String>,
    others: &[String],
) -> Option<Message> {
    let stems = stems(taken);
    let is_others =
        |name: &str| others.iter().any(|place| !place.is_empty() && name.starts_with(place.as_str()));
    let mut left: Vec<&str> = Vec::new();
    for name in tensors.infos().keys().filter(|name| !taken.contains(*name)) {
        let last = name.rsplit('.').next().unwrap_or(name);
        if HARMLESS.contains(&last) || is_others(name) || TRAINERS.iter().any(|part| name.contains(part)) {
            continue;
        }
        if stems.iter().any(|stem| name.starts_with(stem.as_str())) || is_sibling(name, taken) {
            left.push(name);
        }
    }
    let groups = grouped(&left);
    let more = groups.len().saturating_sub(SHOWN);
    let names = groups
        .into_iter()
        .take(SHOWN)
        .reduce(|names, next| msg!("layout-left-and-next", names = names, next = next))?;
    Some(match more {
        0 => msg!("layout-left-out", names = names),
        more => msg!("layout-left-out-more", names = names, more = more),
    })
}

/// What stands in front of every part of the quantizer: up to the layers' numbers, and up to the innermost module that is called one.
fn stems(taken: &BTreeSet<String>) -> BTreeSet<String> {
    let mut stems = BTreeSet::new();
    for name in taken {
        let parts: Vec<&str> = name.split('.').collect();
        let upto =
            |end: usize| parts.iter().take(end).fold(String::new(), |front, part| format!("{front}{part}."));
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(at) = parts.iter().rposition(is_number).filter(|at| *at > 0) {
            stems.insert(upto(at));
        }
        let modules = parts.len().saturating_sub(1);
        let is_whole = |part: &str| WHOLES.iter().any(|whole| part.contains(whole));
        let named = parts.iter().take(modules).position(|part| is_module(part) && !is_whole(part));
        if let Some(at) = named {
            stems.insert(upto(at + 1));
        } else if modules > 0 && !stems.iter().any(|stem| name.starts_with(stem.as_str())) {
            stems.insert(upto(modules));
        }
    }
    stems
}

/// Whether a name branches off from those that were taken into a module that is called a quantizer.
fn is_sibling(name: &str, taken: &BTreeSet<String>) -> bool {
    let shared = |other: &String| name.split('.').zip(other.split('.')).take_while(|(a, b)| a == b).count();
    let common = taken.iter().map(shared).max().unwrap_or(0);
    name.split('.').skip(common).any(|part| is_module(part) && part != "rq")
}

fn is_module(part: &str) -> bool {
    let lower = part.to_lowercase();
    MODULES.iter().any(|word| match *word {
        "rq" => lower == "rq",
        word => lower.contains(word),
    })
}

/// Names by what they have in common: `decoder.vq.*` for several below one module.
fn grouped(names: &[&str]) -> Vec<Message> {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for name in names {
        let front: Vec<&str> = name.split('.').collect();
        let depth = front.iter().position(|part| is_module(part)).map_or(front.len(), |at| at + 2);
        let key = front.iter().take(depth).copied().collect::<Vec<_>>().join(".");
        match groups.last_mut().filter(|(group, _)| *group == key) {
            Some((_, count)) => *count += 1,
            None => groups.push((key, 1)),
        }
    }
    let told = |(key, count): (String, usize)| match count {
        1 => Message::verbatim(*names.iter().find(|name| name.starts_with(&key)).unwrap_or(&key.as_str())),
        count => msg!("layout-left-group", name = key, count = count),
    };
    groups.into_iter().map(told).collect()
}

//! What speaks for a DAC and what for a SNAC, whose quantizers have the same names, and the strides of the latter's layers.

use super::super::notes::noted_strides;
use crate::io::tensors::Tensors;
use crate::text::{Message, msg};

/// What tells DAC and SNAC apart, whose quantizers have the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    Dac,
    Snac,
}

/// Which of the two a file is of, if something in it tells.
pub(super) fn evidence(tensors: &dyn Tensors) -> Option<Evidence> {
    if noted_strides(tensors).is_some() || has_noise_block(tensors) {
        return Some(Evidence::Snac);
    }
    // What audiotools writes beside the weights of a DAC; a SNAC would name its strides there.
    let is_of_audiotools = |key: &String| key.contains("metadata.kwargs.") || key.starts_with("kwargs.");
    tensors.metadata().keys().any(is_of_audiotools).then_some(Evidence::Dac)
}

/// Whether there is a block that adds noise, as in SNAC's decoder: a map of its own, `decoder.model.{i}.block.{j}.linear`.
pub(super) fn has_noise_block(tensors: &dyn Tensors) -> bool {
    let is_part = |name: &String| {
        let (front, rest) = name.rsplit_once(".block.")?;
        let (number, part) = rest.split_once('.')?;
        let is_numbered = number.bytes().all(|byte| byte.is_ascii_digit());
        (front.contains("decoder.model.") && is_numbered && part.starts_with("linear.")).then_some(())
    };
    tensors.infos().keys().any(|name| is_part(name).is_some())
}

/// The strides of a SNAC of so many layers whose file does not tell them, and a sentence on it.
pub(super) fn assumed_strides(count: usize, findings: &mut Vec<Message>) -> Vec<usize> {
    let Some(usual) = usual_strides(count) else {
        findings.push(msg!("layout-strides-unknown", layers = count));
        return vec![1; count];
    };
    findings.push(msg!("layout-strides-assumed", strides = format!("{usual:?}"), layers = count));
    usual.to_vec()
}

/// The strides of the published SNACs of so many layers.
pub(super) fn usual_strides(count: usize) -> Option<&'static [usize]> {
    match count {
        3 => Some(&[4, 2, 1]),
        4 => Some(&[8, 4, 2, 1]),
        _ => None,
    }
}

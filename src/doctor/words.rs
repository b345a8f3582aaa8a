//! Findings in sentences.

use super::{Finding, Measure};
use crate::text::{Message, Phrase, Value, msg, t};

impl Finding {
    /// What it is and what to change.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.remedy {
            Some(remedy) => t!("finding-and-remedy", finding = &self.text, remedy = remedy),
            None => self.text.text(),
        }
    }

    /// What was measured against which bound, on how many frames: "perplexity 2.1 codes, bound 3.2, on 2702 frames".
    #[must_use]
    pub fn evidence(&self) -> String {
        let of = |measure: &Measure| {
            let (name, value, bound) = (measure.name, short(measure.value), short(measure.bound));
            match measure.unit {
                Phrase::NONE => t!("finding-measure", name = name, value = value, bound = bound),
                unit => t!("finding-measure-unit", name = name, value = value, unit = unit, bound = bound),
            }
        };
        let measured: Vec<String> = self.measured.iter().map(of).collect();
        let measured = measured.join(t!("semicolon"));
        match self.frames {
            Some(frames) => t!("finding-on-frames", measured = measured, frames = frames),
            None => measured,
        }
    }

    /// What it is, as it is said of one of its layers: "12 of 32 codes are used" of "Layer 3: 12 of 32 codes are used".
    pub(super) fn text_of(&self, layer: usize) -> &Message {
        self.text.part("layer-says", "says").filter(|_| self.layers == [layer]).unwrap_or(&self.text)
    }
}

/// A number as it is read: four digits that count.
fn short(value: f64) -> String {
    if value == 0.0 || (1e-4..1e7).contains(&value.abs()) {
        let digits =
            if value == 0.0 { 0 } else { (3.0 - value.abs().log10().floor()).clamp(0.0, 7.0) as usize };
        let text = format!("{value:.digits$}");
        return if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        };
    }
    format!("{value:.3e}")
}

/// What is said of one layer, which a verdict on that layer says without naming it.
pub(super) fn layer_says(layer: usize, says: Message) -> Message {
    msg!("layer-says", layer = layer + 1, says = says)
}

/// The same of one layer or of several.
pub(super) fn layers_say(layers: &[usize], says: Message) -> Message {
    match layers {
        [only] => layer_says(*only, says),
        _ => msg!("layers-say", layers = layers_words(layers), says = says),
    }
}

/// Several layers in one sentence: "Layer 3", "Layers 1, 2 and 5".
pub(super) fn layers_words(layers: &[usize]) -> Message {
    match layers {
        [] => msg!("layers-none"),
        [only] => msg!("layer-n", layer = only + 1),
        [first, between @ .., last] => {
            let next = |front, layer: &usize| msg!("layers-list", front = front, next = layer + 1).into();
            let front = between.iter().fold(Value::from(first + 1), next);
            msg!("layers-several", front = front, last = last + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    #[test]
    fn layers_are_listed_as_each_language_lists_them() {
        let words = |layers: &[usize], language| layers_words(layers).text_in(language);
        let (en, zh) = (Language::English, Language::Chinese);
        assert_eq!([words(&[2], en), words(&[0, 4], en)], ["Layer 3", "Layers 1 and 5"]);
        assert_eq!(words(&[0, 1, 4, 7], en), "Layers 1, 2, 5 and 8");
        assert_eq!([words(&[2], zh), words(&[0, 1, 4], zh)], ["第 3 层", "第 1、2 和 5 层"]);
        let says = |layers: &[usize]| layers_say(layers, msg!("check-zero-rows.found-all")).english();
        assert_eq!(
            [says(&[1]), says(&[0, 1])],
            ["Layer 2: every row is zero", "Layers 1 and 2: every row is zero"]
        );
    }
}

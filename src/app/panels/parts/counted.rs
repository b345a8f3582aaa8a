//! What usage is counted of: the frames of a run, or codes that came without their quantizer.

use std::sync::Arc;

use egui::Ui;

use super::stage::{Needs, missing_ui};
use super::words::{frames_words, split_word, step_words};
use super::{chooser_ui, layers_ui};
use crate::app::PanelCtx;
use crate::app::rich::RichHover as _;
use crate::jobs::OpenedCodes;
use crate::metrics::{Evaluation, LayerMetrics, layer_metrics};
use crate::session::View;
use crate::text::t;
use crate::training::{Run, SplitKind};

/// Where counts come from.
#[derive(Clone, Copy)]
pub enum Counted<'a> {
    /// A quantizer and the frames that it was held against.
    Run(View<'a>),
    /// Codes alone.
    Codes(&'a Arc<OpenedCodes>),
}

/// What there is to count. Without anything it draws what is missing, and there is nothing more to do.
pub fn counted<'a>(ctx: &PanelCtx<'a>, ui: &mut Ui) -> Option<Counted<'a>> {
    let found = match (ctx.session.view(), ctx.session.codes()) {
        (Some(view), _) => Some(Counted::Run(view)),
        (None, Some(codes)) => Some(Counted::Codes(codes)),
        (None, None) => None,
    };
    if found.is_none() {
        missing_ui(ctx, ui, Needs::Run);
    }
    found
}

impl<'a> Counted<'a> {
    /// The run, where there is a quantizer.
    #[must_use]
    pub fn run(self) -> Option<&'a Arc<Run>> {
        match self {
            Self::Run(view) => Some(view.run),
            Self::Codes(_) => None,
        }
    }

    /// The counts of one set of frames; codes alone are one set.
    #[must_use]
    pub fn evaluation(self, split: SplitKind) -> Option<&'a Arc<Evaluation>> {
        match self {
            Self::Run(view) => view.run.evaluation(split),
            Self::Codes(codes) => Some(&codes.evaluation),
        }
    }

    /// The figures of each layer.
    #[must_use]
    pub fn layer_metrics(self, split: SplitKind) -> Vec<LayerMetrics> {
        match self {
            Self::Run(view) => view.run.layer_metrics(split),
            Self::Codes(codes) => layer_metrics(&codes.evaluation, &[], &[&codes.evaluation]),
        }
    }

    /// What the frames are called.
    #[must_use]
    pub fn frames_label(self, split: SplitKind) -> &'static str {
        match self {
            Self::Run(_) => split_word(split),
            Self::Codes(_) => t!("parts-all-of-the-file"),
        }
    }

    /// The frames that were counted, in words.
    #[must_use]
    pub fn frames_words(self, split: SplitKind) -> String {
        match self {
            Self::Run(view) => frames_words(view.run, split),
            Self::Codes(codes) => t!("parts-frames-all", n = codes.evaluation.frames),
        }
    }

    /// When they were counted, in words.
    #[must_use]
    pub fn step_words(self) -> String {
        self.run().map(|run| step_words(run)).unwrap_or_default()
    }

    /// The choice of a layer and, of a run, of the frames; of codes, what is known of their codebooks.
    pub fn chooser_ui(self, ctx: &PanelCtx<'_>, ui: &mut Ui) {
        match self {
            Self::Run(view) => chooser_ui(ctx, ui, view, true),
            Self::Codes(codes) => {
                layers_ui(ctx, ui, codes.tokens.num_codes.len(), Some(&codes.evaluation));
                let text = egui::RichText::new(codes.size_note()).size(12.0).color(ctx.palette.faint);
                ui.add(egui::Label::new(text).wrap()).on_hover_rich(t!("parts-size-help"));
            }
        }
    }
}

//! What takes time to find of a code, worked out on a thread and remembered: the nearest codes, what stands beside it in time, and its frames.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use egui::Ui;

use super::super::data::ColorScale;
use super::super::parts::{clip_ranges, layer_over_time};
use super::cuts::Cuts;
use crate::app::PanelCtx;
use crate::app::memo::ByPtr;
use crate::jobs::{Dataset, Tokens};
use crate::metrics::buffers::Neighbour;
use crate::metrics::portrait::{Beside, FramesByCode, Members, MembersOf, nearest_codes};
use crate::rvq::Rvq;
use crate::session::{RunId, RunState, TokensLook};

/// Codes of one quantizer that are remembered.
const KEPT: usize = 24;
/// Layers whose frames stay sorted by code.
const LAYERS_KEPT: usize = 4;
/// While training runs, the selected code is looked at this often.
const LIVE_EVERY: Duration = Duration::from_secs(1);
/// Decides which frames are drawn where there are many: the same ones each time.
const SEED: u64 = 0;

/// What was found of a code.
#[derive(Debug, Default)]
pub struct Sheet {
    /// The nearest other codes; none of codes that came without their quantizer.
    pub nearest: Vec<Neighbour>,
    /// What stands before and behind it in time, where codes over time are known.
    pub beside: Option<Beside>,
    /// The frames that chose it, where they are known; or why they cannot be told.
    pub members: Option<Result<Members, String>>,
    /// These frames with those around them.
    pub cuts: Cuts,
}

/// Where a sheet will be.
pub type Place = Arc<OnceLock<Sheet>>;

/// The frames of a layer sorted by code, made by whoever needs them first.
type Sorted = Arc<OnceLock<FramesByCode>>;

/// Of what a sheet is. It holds what it points at, so that nothing else can take its place.
#[derive(Clone, PartialEq)]
struct Key {
    rvq: Option<ByPtr<Rvq>>,
    tokens: Option<ByPtr<Tokens>>,
    dataset: Option<ByPtr<Dataset>>,
    layer: usize,
    code: usize,
}

/// The run, the layer and the code that a sheet is of, whatever the step.
type Of = (Option<RunId>, usize, usize);

/// The sheets of the codes that were looked at.
#[derive(Default)]
pub struct Sheets {
    kept: Vec<(Key, Place)>,
    sorted: Vec<(ByPtr<Tokens>, usize, Sorted)>,
    scale: Option<(ByPtr<Dataset>, Arc<OnceLock<ColorScale>>)>,
    started: Option<Instant>,
    /// What was shown last, until there is something newer of the same code.
    shown: Option<(Of, Place)>,
}

impl Key {
    fn of(ctx: &PanelCtx<'_>, layer: usize, code: usize) -> Self {
        // Codes of an earlier step say nothing of the rows of this one.
        let tokens = match ctx.session.tokens() {
            TokensLook::Ready { tokens, outdated: false } => Some(ByPtr(tokens.clone())),
            _ => None,
        };
        Self {
            rvq: ctx.session.view().map(|view| ByPtr(view.run.rvq.clone())),
            dataset: tokens.as_ref().and_then(|_| ctx.session.dataset().cloned().map(ByPtr)),
            tokens,
            layer,
            code,
        }
    }

    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.rvq, &self.tokens, &self.dataset) == (&other.rvq, &other.tokens, &other.dataset)
    }
}

impl Sheets {
    /// The sheet of a code, once it is there; while training runs, one that is a second old.
    pub fn get(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, layer: usize, code: usize) -> Option<Place> {
        let key = Key::of(ctx, layer, code);
        let found = self.kept.iter().find(|(kept, _)| *kept == key).map(|(_, place)| place.clone());
        let place = found.or_else(|| self.start(ctx, ui, key));
        let of = (ctx.session.view().map(|view| view.id()), layer, code);
        if let Some(place) = place.filter(|place| place.get().is_some()) {
            self.shown = Some((of, place));
        }
        self.shown.as_ref().filter(|(shown, _)| *shown == of).map(|(_, place)| place.clone())
    }

    fn start(&mut self, ctx: &PanelCtx<'_>, ui: &Ui, key: Key) -> Option<Place> {
        let view = ctx.session.view();
        let state = view.map(|view| view.entry.state());
        let moves = state.is_some_and(|state| state.is_under_way() && *state != RunState::Paused);
        let of = (view.map(|view| view.id()), key.layer, key.code);
        let known = self.shown.as_ref().is_some_and(|(shown, _)| *shown == of);
        if moves && known && self.started.is_some_and(|started| started.elapsed() < LIVE_EVERY) {
            return None;
        }
        self.started = Some(Instant::now());
        let place = Place::default();
        self.kept.retain(|(kept, _)| kept.is_of_the_same(&key));
        self.kept.insert(0, (key.clone(), place.clone()));
        self.kept.truncate(KEPT);
        let (sorted, scale) = (self.sorted(&key), self.scale(&key));
        let (ctx, target) = (ui.ctx().clone(), place.clone());
        let thread = std::thread::Builder::new().name("rvq-portrait".to_owned());
        let started = thread.spawn(move || {
            // Nobody else fills this place.
            let _ = target.set(Sheet::of(&key, &sorted, &scale));
            ctx.request_repaint();
        });
        // Without a thread these parts are missing, and nothing else.
        drop(started);
        Some(place)
    }

    fn sorted(&mut self, key: &Key) -> Sorted {
        let Some(tokens) = &key.tokens else {
            self.sorted.clear();
            return Sorted::default();
        };
        self.sorted.retain(|(of, _, _)| of == tokens);
        if let Some((_, _, sorted)) = self.sorted.iter().find(|(_, layer, _)| *layer == key.layer) {
            return sorted.clone();
        }
        let sorted = Sorted::default();
        self.sorted.insert(0, (tokens.clone(), key.layer, sorted.clone()));
        self.sorted.truncate(LAYERS_KEPT);
        sorted
    }

    fn scale(&mut self, key: &Key) -> Arc<OnceLock<ColorScale>> {
        let Some(dataset) = &key.dataset else { return Arc::default() };
        let kept = self.scale.take().filter(|(of, _)| of == dataset);
        self.scale.insert(kept.unwrap_or_else(|| (dataset.clone(), Arc::default()))).1.clone()
    }
}

impl Sheet {
    fn of(key: &Key, sorted: &OnceLock<FramesByCode>, scale: &OnceLock<ColorScale>) -> Self {
        let Key { rvq, tokens, dataset, layer, code } = key;
        let rvq = rvq.as_ref().map(|rvq| &*rvq.0);
        let nearest = rvq.map_or_else(Vec::new, |rvq| nearest_codes(rvq, *layer, *code));
        let mut sheet = Self { nearest, ..Self::default() };
        let Some(tokens) = tokens.as_ref().map(|tokens| &*tokens.0) else { return sheet };
        let clips = clip_ranges(tokens);
        let Some(over) = layer_over_time(tokens, &clips, rvq, *layer) else { return sheet };
        let sorted = sorted.get_or_init(|| FramesByCode::of(over));
        sheet.beside = Some(Beside::of(over, sorted, *code));
        let (Some(rvq), Some(dataset)) = (rvq, dataset.as_ref().map(|dataset| &*dataset.0)) else {
            return sheet;
        };
        let frames = dataset.set.matrix.view();
        let chosen = sorted.frames(*code);
        let of = MembersOf {
            rvq,
            layer_idx: *layer,
            code_idx: *code,
            frames,
            codes: tokens.values.view(),
            chosen,
        };
        let members = Members::of(of, SEED).map_err(|err| err.to_string());
        if let Ok(members) = &members {
            let scale = *scale.get_or_init(|| ColorScale::of(&dataset.set.matrix));
            let told = members.nearest.iter().chain(&members.farthest).chain(&members.random);
            sheet.cuts = Cuts::of(&dataset.set, told.map(|member| member.frame), scale);
        }
        sheet.members = Some(members);
        sheet
    }
}

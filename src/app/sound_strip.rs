//! What is heard: play, which version, and how far it is; in sight whatever panel is in front, where the data were made of audio.

use egui::{Button, Key, Label, Modifiers, ProgressBar, Response, RichText, Role, Ui, WidgetInfo, vec2};

use super::plot::numbers::number;
use super::rich::RichHover as _;
use super::{PanelCtx, WindowRequest};
use crate::features::FeatureSet;
use crate::session::{MOST_SECS, SoundCommand, SoundLook, SoundState};
use crate::task::Progress;
use crate::text::t;

/// The height of the strip.
pub const HEIGHT: f32 = 26.0;
/// Milliseconds between two pictures while something is heard.
const REPAINT_MILLIS: u64 = 33;

/// Draws it.
pub fn ui(ctx: &PanelCtx<'_>, look: &SoundLook, ui: &mut Ui) {
    if look.state == SoundState::Playing {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(REPAINT_MILLIS));
    }
    ui.horizontal(|ui| {
        ui.set_min_height(HEIGHT - 4.0);
        play_ui(ctx, look, ui);
        for take in 0..look.takes {
            take_ui(ctx, look, take, ui);
        }
        let help = t!("window-sound-repeat.help");
        let name = if look.looping { t!("window-sound-repeat.off") } else { t!("window-sound-repeat") };
        if button(ui, t!("window-sound-repeat"), name, help, look.looping).clicked() {
            ctx.send(SoundCommand::Loop(!look.looping));
        }
        let (name, help) = (t!("window-sound-wav.name"), t!("window-sound-wav.help"));
        if button(ui, t!("window-sound-wav"), name, help, false).clicked() {
            ctx.request(WindowRequest::AskSound);
        }
        ui.separator();
        place_ui(ctx, look, ui);
    });
}

/// What the keys ask for, where nothing that is typed into has the focus.
pub fn keys(ctx: &PanelCtx<'_>, look: &SoundLook, ui: &Ui) {
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let is_on = look.state != SoundState::Idle;
    if pressed(Key::P) {
        ctx.send(if is_on { SoundCommand::Stop } else { SoundCommand::Play });
    }
    if is_on && look.take + 1 < look.made && pressed(Key::ArrowUp) {
        ctx.send(SoundCommand::Take(look.take + 1));
    }
    if is_on && look.take > 0 && pressed(Key::ArrowDown) {
        ctx.send(SoundCommand::Take(look.take - 1));
    }
}

fn play_ui(ctx: &PanelCtx<'_>, look: &SoundLook, ui: &mut Ui) {
    if look.state != SoundState::Idle {
        if button(ui, "■", t!("window-sound-stop"), t!("window-sound-stop.help"), false).clicked() {
            ctx.send(SoundCommand::Stop);
        }
        return;
    }
    let help = t!("window-sound-play.help", secs = format!("{MOST_SECS:.0}"));
    if button(ui, "▶", t!("window-sound-play"), &help, false).clicked() {
        ctx.send(SoundCommand::Play);
    }
}

fn take_ui(ctx: &PanelCtx<'_>, look: &SoundLook, take: usize, ui: &mut Ui) {
    let (text, name, help) = match take {
        0 => {
            let (text, name) = (t!("window-sound-source"), t!("window-sound-source.name"));
            (text.to_owned(), name.to_owned(), t!("window-sound-source.help").to_owned())
        }
        layers => (
            layers.to_string(),
            t!("window-sound-layers", layers = layers),
            t!("window-sound-layers.help", layers = layers),
        ),
    };
    let is_made = take < look.made;
    let button = Button::selectable(look.take == take, RichText::new(text).size(11.0));
    // One that is chosen and not there yet stays in sight as the one that is waited for.
    let response = ui.add_enabled(is_made, button.min_size(vec2(20.0, 18.0)));
    response.widget_info(|| WidgetInfo::selected(Role::Button, is_made, look.take == take, &name));
    let waits = t!("window-sound-to-be-made", help = &help);
    let response = response.on_disabled_hover_text(waits).on_hover_rich(&help);
    if response.clicked() {
        ctx.send(SoundCommand::Take(take));
    }
}

/// What is heard, or would be; and how many versions are made.
fn place_ui(ctx: &PanelCtx<'_>, look: &SoundLook, ui: &mut Ui) {
    let small = |text: String| RichText::new(text).size(12.0);
    if let Some(progress) = &look.making {
        making_ui(ctx, progress.as_ref(), ui);
    }
    if look.state == SoundState::Making {
        return;
    }
    let Some(dataset) = ctx.session.dataset() else { return };
    let until = look.heard.filter(|&heard| heard != look.take).map(|_| until_words(look.take));
    let frame = look.frame.map(|frame| frame_words(&dataset.set, frame));
    let place = match look.code {
        Some((layer, code)) => t!("window-sound-of-code", code = code, layer = layer + 1),
        None => stretch_words(&dataset.set, look),
    };
    let is_playing = look.state == SoundState::Playing;
    let distance = look.distance_db.filter(|_| is_playing);
    let distance = distance.map(|distance| t!("window-sound-distance", distance = number(distance)));
    let words: Vec<String> = [until, frame, Some(place), distance].into_iter().flatten().collect();
    let response = ui.add(Label::new(small(words.join(" · ")).color(ctx.palette.faint)).truncate());
    response.on_hover_rich(t!("window-sound-place"));
}

/// How far the versions are.
fn making_ui(ctx: &PanelCtx<'_>, progress: Option<&Progress>, ui: &mut Ui) {
    let (done, total) = progress.map_or((0, 0), |progress| (progress.done, progress.total));
    let share = done as f32 / total.max(1) as f32;
    ui.add(ProgressBar::new(share).desired_width(90.0).desired_height(10.0).fill(ctx.palette.accent));
    // The source is the first of them, so that their count is that of the layers behind it.
    let words = match total.saturating_sub(1) {
        0 => t!("window-sound-making").to_owned(),
        layers => t!("window-sound-making.layer", done = done, layers = layers),
    };
    ui.label(RichText::new(words).size(12.0).color(ctx.palette.faint));
}

/// That the source is heard in place of a version that is not made yet.
fn until_words(take: usize) -> String {
    match take {
        0 => t!("window-sound-until-source").to_owned(),
        layers => t!("window-sound-until-layers", layers = layers),
    }
}

/// From where to where, and in which clip.
fn stretch_words(set: &FeatureSet, look: &SoundLook) -> String {
    let last = look.frames.end.saturating_sub(1);
    let (from, to) = (frame_words(set, look.frames.start), frame_words(set, last));
    match look.state {
        SoundState::Playing => t!("window-sound-stretch", from = from, to = to),
        _ => t!("window-sound-stretch.idle", from = from, to = to),
    }
}

/// A frame as its time within its clip.
fn frame_words(set: &FeatureSet, frame: usize) -> String {
    let clip = set.clips.iter().find(|clip| clip.frames.contains(&frame));
    let start = clip.map_or(0, |clip| clip.frames.start);
    let clip = clip.filter(|_| set.clips.len() > 1).map(|clip| clip.name.as_str());
    let frame = frame - start;
    let secs = set.frame_rate_hz.map(|rate| format!("{:.2}", frame as f64 / rate));
    match (secs, clip) {
        (Some(secs), Some(clip)) => t!("window-sound-secs.clip", clip = clip, secs = secs),
        (Some(secs), None) => t!("window-sound-secs", secs = secs),
        (None, Some(clip)) => t!("window-sound-frame.clip", clip = clip, frame = frame),
        (None, None) => t!("window-sound-frame", frame = frame),
    }
}

fn button(ui: &mut Ui, text: &str, name: &str, help: &str, is_on: bool) -> Response {
    let button = Button::selectable(is_on, RichText::new(text).size(11.0)).min_size(vec2(20.0, 18.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_on, name));
    response.on_hover_rich(help)
}

//! What is heard: play, which version, and how far it is; in sight whatever panel is in front, where the data were made of audio.

use egui::{Button, Key, Label, Modifiers, ProgressBar, Response, RichText, Role, Ui, WidgetInfo, vec2};

use super::plot::numbers::number;
use super::rich::RichHover as _;
use super::{PanelCtx, WindowRequest};
use crate::features::FeatureSet;
use crate::session::{MOST_SECS, SoundCommand, SoundLook, SoundState};
use crate::task::Progress;

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
        let help = "Begin again at the end of the stretch";
        let name = if look.looping { "Do not repeat" } else { "Repeat" };
        if button(ui, "Repeat", name, help, look.looping).clicked() {
            ctx.send(SoundCommand::Loop(!look.looping));
        }
        let help = "Write the selected stretch as WAV, in the version that is chosen here";
        if button(ui, "WAV…", "Save the stretch as WAV", help, false).clicked() {
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
        if button(ui, "■", "Stop the sound", "Be silent: `P`", false).clicked() {
            ctx.send(SoundCommand::Stop);
        }
        return;
    }
    let help = format!(
        "Play the selected stretch, or the beginning where none is selected, up to {MOST_SECS:.0} s of it: `P`"
    );
    if button(ui, "▶", "Play the stretch", &help, false).clicked() {
        ctx.send(SoundCommand::Play);
    }
}

fn take_ui(ctx: &PanelCtx<'_>, look: &SoundLook, take: usize, ui: &mut Ui) {
    let (text, name, help) = match take {
        0 => {
            let help = "The audio itself, as the features see it. `↑` and `↓` switch while it plays";
            ("Source".to_owned(), "Hear the source".to_owned(), help.to_owned())
        }
        1 => (
            "1".to_owned(),
            "Hear the first layer".to_owned(),
            "What is left of it after the first layer".to_owned(),
        ),
        layers => (
            layers.to_string(),
            format!("Hear {layers} layers"),
            format!("What is left of it after the first {layers} layers"),
        ),
    };
    let is_made = take < look.made;
    let button = Button::selectable(look.take == take, RichText::new(text).size(11.0));
    // One that is chosen and not there yet stays in sight as the one that is waited for.
    let response = ui.add_enabled(is_made, button.min_size(vec2(20.0, 18.0)));
    response.widget_info(|| WidgetInfo::selected(Role::Button, is_made, look.take == take, &name));
    let response = response.on_disabled_hover_text(format!("{help}: still to be made")).on_hover_rich(&help);
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
    let mut words = match look.code {
        Some((layer, code)) => format!("Frames of code {code} of layer {}", layer + 1),
        None => stretch_words(&dataset.set, look),
    };
    if let Some(frame) = look.frame {
        words = format!("{} · {words}", frame_words(&dataset.set, frame));
    }
    let is_playing = look.state == SoundState::Playing;
    if let Some(distance) = look.distance_db.filter(|_| is_playing) {
        words.push_str(&format!(" · {} dB from the source", number(distance)));
    }
    if look.heard.is_some_and(|heard| heard != look.take) {
        words = format!("The source, until {} can be heard · {words}", take_words(look.take));
    }
    let response = ui.add(Label::new(small(words).color(ctx.palette.faint)).truncate());
    response.on_hover_rich(
        "The distance is the log-spectral one: the mean over frames of the root mean square over bins of the difference of both spectra in dB",
    );
}

/// How far the versions are.
fn making_ui(ctx: &PanelCtx<'_>, progress: Option<&Progress>, ui: &mut Ui) {
    let (done, total) = progress.map_or((0, 0), |progress| (progress.done, progress.total));
    let share = done as f32 / total.max(1) as f32;
    ui.add(ProgressBar::new(share).desired_width(90.0).desired_height(10.0).fill(ctx.palette.accent));
    // The source is the first of them, so that their count is that of the layers behind it.
    let words = match total.saturating_sub(1) {
        0 => "Making it audible".to_owned(),
        layers => format!("Making layer {done} of {layers} audible"),
    };
    ui.label(RichText::new(words).size(12.0).color(ctx.palette.faint));
}

/// What a version is, within a sentence.
fn take_words(take: usize) -> String {
    match take {
        0 => "the source".to_owned(),
        1 => "the first layer".to_owned(),
        layers => format!("{layers} layers"),
    }
}

/// From where to where, and in which clip.
fn stretch_words(set: &FeatureSet, look: &SoundLook) -> String {
    let last = look.frames.end.saturating_sub(1);
    let (from, to) = (frame_words(set, look.frames.start), frame_words(set, last));
    let what = if look.state == SoundState::Playing { "" } else { "To hear: " };
    format!("{what}{from} to {to}")
}

/// A frame as its time within its clip.
fn frame_words(set: &FeatureSet, frame: usize) -> String {
    let clip = set.clips.iter().find(|clip| clip.frames.contains(&frame));
    let start = clip.map_or(0, |clip| clip.frames.start);
    let name = clip.filter(|_| set.clips.len() > 1).map(|clip| format!("{} ", clip.name)).unwrap_or_default();
    match set.frame_rate_hz {
        Some(rate) => format!("{name}{:.2} s", (frame - start) as f64 / rate),
        None => format!("{name}frame {}", frame - start),
    }
}

fn button(ui: &mut Ui, text: &str, name: &str, help: &str, is_on: bool) -> Response {
    let button = Button::selectable(is_on, RichText::new(text).size(11.0)).min_size(vec2(20.0, 18.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_on, name));
    response.on_hover_rich(help)
}

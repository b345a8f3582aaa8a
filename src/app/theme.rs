//! Colours and spacing: the only place where a colour is named.

use egui::{Color32, CornerRadius, FontDefinitions, FontFamily, Stroke, Theme};

/// The colours of a theme.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    /// Whether it is the dark one; pictures that are drawn once depend on it.
    pub is_dark: bool,
    /// What stands out: the selected thing, the main button.
    pub accent: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    /// Text that matters less.
    pub faint: Color32,
    /// Lines of plots.
    pub grid: Color32,
    /// Good: alive, settled.
    pub good: Color32,
    /// Worth a look: about to die.
    pub warning: Color32,
    /// Bad: dead, failed.
    pub bad: Color32,
    /// Replaced just now.
    pub reborn: Color32,
    /// Frames that are trained on.
    pub train: Color32,
    /// Frames that are held out.
    pub held_out: Color32,
    /// What is known not to be reliable, such as a figure of too few frames.
    pub muted: Color32,
    /// The background of a card.
    pub card: Color32,
    /// The selected thing among things that have the colour of their layer.
    pub highlight: Color32,
    /// A second view of the same thing, such as the EMA's beside counts.
    pub second: Color32,
    /// Codes that no frame chose, beside the ramp.
    pub unused: Color32,
    /// Codes that no frame of the whole corpus chose.
    pub dead: Color32,
    /// Codes that are used, but little.
    pub rare: Color32,
    /// The band in which noise alone leaves values.
    pub band: Color32,
    layers: [Color32; 8],
    ramp: [Color32; 5],
}

impl Palette {
    /// The palette of a theme.
    #[must_use]
    pub fn of(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self::dark(),
            Theme::Light => Self::light(),
        }
    }

    /// Things that are marked together: as the selected one, but lighter.
    #[must_use]
    pub fn marked(&self) -> Color32 {
        self.highlight.gamma_multiply(0.55)
    }

    fn dark() -> Self {
        Self {
            is_dark: true,
            accent: Color32::from_rgb(0x5b, 0xb8, 0xff),
            on_accent: Color32::from_rgb(0x06, 0x1a, 0x2b),
            faint: Color32::from_rgb(0x9a, 0xa4, 0xb2),
            grid: Color32::from_rgb(0x3a, 0x41, 0x4d),
            good: Color32::from_rgb(0x4c, 0xc3, 0x8a),
            warning: Color32::from_rgb(0xf2, 0xb3, 0x4b),
            bad: Color32::from_rgb(0xf0, 0x6a, 0x6a),
            reborn: Color32::from_rgb(0xb9, 0x8c, 0xff),
            train: Color32::from_rgb(0x7f, 0x8e, 0xa3),
            held_out: Color32::from_rgb(0x5b, 0xb8, 0xff),
            muted: Color32::from_rgb(0x6b, 0x74, 0x82),
            card: Color32::from_rgb(0x20, 0x25, 0x2d),
            highlight: Color32::WHITE,
            second: Color32::from_rgb(0xf2, 0xb3, 0x4b),
            unused: Color32::from_rgb(0x6e, 0x2f, 0x38),
            dead: Color32::from_rgb(0x8f, 0x2a, 0x4a),
            rare: Color32::from_rgb(0xc9, 0xc0, 0x55),
            band: Color32::from_rgba_unmultiplied(0x9a, 0xa4, 0xb2, 38),
            layers: LAYERS_DARK,
            ramp: RAMP_DARK,
        }
    }

    fn light() -> Self {
        Self {
            is_dark: false,
            accent: Color32::from_rgb(0x0b, 0x6b, 0xcb),
            on_accent: Color32::WHITE,
            faint: Color32::from_rgb(0x55, 0x60, 0x6e),
            grid: Color32::from_rgb(0xd5, 0xda, 0xe1),
            good: Color32::from_rgb(0x1d, 0x8a, 0x56),
            warning: Color32::from_rgb(0xb3, 0x6b, 0x00),
            bad: Color32::from_rgb(0xc7, 0x36, 0x36),
            reborn: Color32::from_rgb(0x7a, 0x42, 0xd6),
            train: Color32::from_rgb(0x7b, 0x87, 0x96),
            held_out: Color32::from_rgb(0x0b, 0x6b, 0xcb),
            muted: Color32::from_rgb(0x9a, 0xa3, 0xaf),
            card: Color32::from_rgb(0xf0, 0xf2, 0xf6),
            highlight: Color32::BLACK,
            second: Color32::from_rgb(0xc8, 0x5a, 0x00),
            unused: Color32::from_rgb(0xe9, 0xb4, 0xb4),
            dead: Color32::from_rgb(0x7d, 0x10, 0x38),
            rare: Color32::from_rgb(0xc4, 0xb2, 0x1c),
            band: Color32::from_rgba_unmultiplied(0x55, 0x60, 0x6e, 30),
            layers: LAYERS_LIGHT,
            ramp: RAMP_LIGHT,
        }
    }

    /// The colour of a layer, the same in every panel.
    #[must_use]
    pub fn layer(&self, layer_idx: usize) -> Color32 {
        self.layers[layer_idx % self.layers.len()]
    }

    /// The colour of a run among those that are drawn over one another, the shown one first.
    #[must_use]
    pub fn run(&self, nth: usize) -> Color32 {
        self.layers[nth % self.layers.len()]
    }

    /// The colour of a code among others of its layer. Numbers of codes mean nothing, so that neighbours are far apart.
    #[must_use]
    pub fn code(&self, code: u32) -> Color32 {
        // Steps of the golden ratio never come close to where they have been; brightness and saturation tell apart what falls together.
        let turn = |by: f64| (f64::from(code) * by).fract() as f32;
        let (low, high) = if self.is_dark { (0.42, 0.92) } else { (0.55, 0.88) };
        let value = low + (high - low) * turn(0.754_877_666);
        let saturation = 0.45 + 0.4 * turn(0.569_840_290);
        egui::ecolor::Hsva::new(turn(0.618_033_988), saturation, value, 1.0).into()
    }

    /// A colour for a share from 0 to 1, from nothing to much.
    #[must_use]
    pub fn ramp(&self, share: f32) -> Color32 {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let place = share * (self.ramp.len() - 1) as f32;
        let below = (place.floor() as usize).min(self.ramp.len() - 2);
        let (a, b, t) = (self.ramp[below], self.ramp[below + 1], place - below as f32);
        let mix = |x: u8, y: u8| (f32::from(x) + (f32::from(y) - f32::from(x)) * t).round() as u8;
        Color32::from_rgb(mix(a.r(), b.r()), mix(a.g(), b.g()), mix(a.b(), b.b()))
    }
}

const LAYERS_DARK: [Color32; 8] = [
    Color32::from_rgb(0x5b, 0xb8, 0xff),
    Color32::from_rgb(0xff, 0xa6, 0x57),
    Color32::from_rgb(0x6f, 0xd6, 0x9b),
    Color32::from_rgb(0xff, 0x7b, 0x9c),
    Color32::from_rgb(0xb9, 0x8c, 0xff),
    Color32::from_rgb(0xe6, 0xd3, 0x5c),
    Color32::from_rgb(0x4d, 0xd8, 0xd8),
    Color32::from_rgb(0xc9, 0xa0, 0x7e),
];

const LAYERS_LIGHT: [Color32; 8] = [
    Color32::from_rgb(0x0b, 0x6b, 0xcb),
    Color32::from_rgb(0xc8, 0x5a, 0x00),
    Color32::from_rgb(0x1d, 0x8a, 0x56),
    Color32::from_rgb(0xc2, 0x2f, 0x5c),
    Color32::from_rgb(0x7a, 0x42, 0xd6),
    Color32::from_rgb(0x8d, 0x7a, 0x00),
    Color32::from_rgb(0x00, 0x83, 0x8a),
    Color32::from_rgb(0x7d, 0x56, 0x33),
];

const RAMP_DARK: [Color32; 5] = [
    Color32::from_rgb(0x17, 0x1b, 0x22),
    Color32::from_rgb(0x23, 0x3f, 0x78),
    Color32::from_rgb(0x2f, 0x80, 0xb5),
    Color32::from_rgb(0x6c, 0xcf, 0xb0),
    Color32::from_rgb(0xf8, 0xf4, 0xb4),
];

const RAMP_LIGHT: [Color32; 5] = [
    Color32::from_rgb(0xf6, 0xf8, 0xfa),
    Color32::from_rgb(0xb9, 0xd9, 0xee),
    Color32::from_rgb(0x5f, 0xa8, 0xd6),
    Color32::from_rgb(0x23, 0x66, 0xa8),
    Color32::from_rgb(0x0b, 0x26, 0x55),
];

/// The usual fonts, with the monospaced one behind the proportional one: it has signs that the latter lacks, such as the raised minus of 10⁻³.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let more: Vec<String> = fonts.families.get(&FontFamily::Monospace).cloned().unwrap_or_default();
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    for name in more {
        if !proportional.contains(&name) {
            proportional.push(name);
        }
    }
    fonts
}

/// Sets fonts' sizes, spacing and colours of both themes.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Dark, Theme::Light] {
        let palette = Palette::of(theme);
        ctx.style_mut_of(theme, |style| {
            style.spacing.item_spacing = egui::vec2(8.0, 6.0);
            style.spacing.button_padding = egui::vec2(9.0, 4.0);
            style.spacing.interact_size.y = 22.0;
            style.interaction.tooltip_delay = 0.25;
            // Beside what is scrolled and always in sight: it tells that there is more.
            style.spacing.scroll = egui::style::ScrollStyle::thin();
            let visuals = &mut style.visuals;
            if palette.is_dark {
                visuals.panel_fill = Color32::from_rgb(0x16, 0x19, 0x1f);
                visuals.window_fill = Color32::from_rgb(0x1c, 0x20, 0x27);
                visuals.extreme_bg_color = Color32::from_rgb(0x10, 0x13, 0x18);
                visuals.faint_bg_color = Color32::from_rgb(0x1d, 0x22, 0x29);
                visuals.override_text_color = Some(Color32::from_rgb(0xdc, 0xe2, 0xea));
            } else {
                visuals.panel_fill = Color32::from_rgb(0xfb, 0xfc, 0xfd);
                visuals.window_fill = Color32::WHITE;
                visuals.extreme_bg_color = Color32::WHITE;
                visuals.faint_bg_color = Color32::from_rgb(0xf2, 0xf4, 0xf7);
                visuals.override_text_color = Some(Color32::from_rgb(0x1c, 0x23, 0x2c));
            }
            visuals.selection.bg_fill =
                palette.accent.gamma_multiply(if palette.is_dark { 0.45 } else { 0.30 });
            visuals.selection.stroke = Stroke::new(1.0, palette.accent);
            visuals.hyperlink_color = palette.accent;
            visuals.warn_fg_color = palette.warning;
            visuals.error_fg_color = palette.bad;
            for widget in [
                &mut visuals.widgets.inactive,
                &mut visuals.widgets.hovered,
                &mut visuals.widgets.active,
                &mut visuals.widgets.open,
            ] {
                widget.corner_radius = CornerRadius::same(4);
            }
        });
    }
}

//! The panels: one file each, and one row here.

mod checkpoints;
mod code;
mod codebook;
mod data;
mod dead;
mod dependence;
mod doctor;
mod ema;
mod error;
mod layers;
mod notices;
mod parts;
mod runs;
mod sweep;
mod time;
mod tokens;
mod usage;

use super::Panel;
pub(super) use dead::state_color;

/// Makes a panel.
pub type MakePanel = fn() -> Box<dyn Panel>;

/// Every panel, in the order in which menus list them.
pub static PANELS: &[MakePanel] = &[
    || Box::new(usage::Usage::default()),
    || Box::new(layers::Layers::default()),
    || Box::new(dead::Dead::default()),
    || Box::new(doctor::Doctor::default()),
    || Box::new(ema::Ema::default()),
    || Box::new(codebook::Codebook::default()),
    || Box::new(code::Code::default()),
    || Box::new(dependence::Dependence::default()),
    || Box::new(error::Error::default()),
    || Box::new(checkpoints::Checkpoints::default()),
    || Box::new(runs::Runs::default()),
    || Box::new(sweep::Sweep::default()),
    || Box::new(data::Data::default()),
    || Box::new(tokens::Tokens::default()),
    || Box::new(time::Time::default()),
    || Box::new(notices::Notices::default()),
];

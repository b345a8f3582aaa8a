//! The panels: one file each, and one row here.

mod data;
mod dead;
mod ema;
mod error;
mod notices;
mod parts;
mod runs;
mod tokens;
mod usage;

use super::Panel;

/// Makes a panel.
pub type MakePanel = fn() -> Box<dyn Panel>;

/// Every panel, in the order in which menus list them.
pub static PANELS: &[MakePanel] = &[
    || Box::new(usage::Usage::default()),
    || Box::new(dead::Dead::default()),
    || Box::new(ema::Ema::default()),
    || Box::new(error::Error::default()),
    || Box::new(runs::Runs::default()),
    || Box::new(data::Data::default()),
    || Box::new(tokens::Tokens::default()),
    || Box::new(notices::Notices::default()),
];

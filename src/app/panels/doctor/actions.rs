//! What can be done about a finding: mend the rows, train with other parameters, look at it.

use std::path::{Path, PathBuf};

use egui::{Button, Response, RichText, Ui};

use crate::app::plot::numbers::number;
use crate::app::rich::RichHover as _;
use crate::app::{PanelCtx, WindowRequest};
use crate::doctor::repair::{Fix, called_for};
use crate::doctor::{Change, ChangeValue, Evidence, Finding};
use crate::jobs::Source;
use crate::rvq::param_spec;
use crate::session::{RunId, RunsCommand, SelectCommand, View};
use crate::text::{Phrase, phrase, t};

/// What can be done with the shown run now, the same for all of its findings.
pub struct Actions {
    run: RunId,
    /// Why it cannot be repaired.
    no_repair: Option<String>,
    /// Why it cannot be trained again.
    no_retrain: Option<&'static str>,
    /// The model's file and those of the data, for whoever wants a command to repair it by.
    files: Option<(PathBuf, Vec<PathBuf>)>,
}

impl Actions {
    /// What can be done with the run of `view`.
    pub fn of(ctx: &PanelCtx<'_>, view: View<'_>) -> Self {
        let run = view.id();
        // The file has the rows from before a repair.
        let model = view.entry.model().filter(|_| view.entry.tried().is_none());
        let data = ctx.session.dataset().map(|dataset| dataset.source.clone());
        let files = match (model, data) {
            // What was opened together with the model names it as well.
            (Some(model), Some(Source::Files(mut data))) => {
                data.retain(|path| *path != model.path);
                Some((model.path.clone(), data))
            }
            _ => None,
        };
        let no_repair = ctx.session.why_not_repair(run);
        Self { run, no_repair, no_retrain: ctx.session.why_not_retrain(run), files }
    }

    /// Draws the buttons of a finding.
    pub fn ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding) {
        let fixes = called_for(std::slice::from_ref(finding));
        if !fixes.is_empty() {
            let help = t!("doctor-repair-help", fixes = one_after_the_other(&fixes));
            if button(ui, t!("doctor-repair"), &help, self.no_repair.as_deref()).clicked() {
                ctx.send(RunsCommand::Repair(self.run, fixes.iter().map(|fix| fix.id).collect()));
            }
        }
        if !finding.changes.is_empty() {
            let words = words(&finding.changes);
            let help = t!("doctor-retrain-help", changes = &words);
            if button(ui, &t!("doctor-retrain", changes = words), &help, self.no_retrain).clicked() {
                ctx.send(RunsCommand::Retrain(self.run, finding.changes.clone()));
            }
        }
        show_ui(ctx, ui, finding);
        if let (false, Some((model, data))) = (fixes.is_empty(), &self.files) {
            let command = command(model, data, &fixes);
            let text = RichText::new(t!("doctor-copy-command")).size(10.5);
            let help = t!("doctor-copy-command-help", command = &command);
            if ui.add(Button::new(text).small().frame(false)).on_hover_rich(help).clicked() {
                ui.ctx().copy_text(command);
            }
        }
    }

    /// Draws the button that tries every fix that these findings call for, where there are several.
    pub fn all_ui(&self, ctx: &PanelCtx<'_>, ui: &mut Ui, findings: &[Finding]) {
        let fixes = called_for(findings);
        if fixes.len() < 2 {
            return;
        }
        let titles: Vec<&str> = fixes.iter().map(|fix| fix.title.text()).collect();
        let help = t!("doctor-repair-all-help", fixes = titles.join(t!("semicolon")));
        if button(ui, t!("doctor-repair-all"), &help, self.no_repair.as_deref()).clicked() {
            ctx.send(RunsCommand::Repair(self.run, fixes.iter().map(|fix| fix.id).collect()));
        }
    }
}

/// What fixes do, in the order in which they are tried.
fn one_after_the_other(fixes: &[&Fix]) -> String {
    let titles = fixes.iter().map(|fix| fix.title.text().to_owned());
    titles.reduce(|before, fix| t!("doctor-repair-then", before = before, fix = fix)).unwrap_or_default()
}

fn button(ui: &mut Ui, text: &str, help: &str, why_not: Option<&str>) -> Response {
    let response = ui.add_enabled(why_not.is_none(), Button::new(RichText::new(text).size(12.0)).small());
    response.on_hover_rich(help).on_disabled_hover_text(why_not.unwrap_or_default())
}

/// Changes in a few words, under the names that flags have: `rule rvqscope, init kmeans`.
fn words(changes: &[Change]) -> String {
    let word = |Change { key, value }: &Change| {
        let name = param_spec(key).map_or(*key, |spec| spec.flag).replace('-', " ");
        match value {
            ChangeValue::Number(value) => format!("{name} {}", number(*value)),
            ChangeValue::Word(word) => format!("{name} {word}"),
        }
    };
    changes.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The command that mends a model of a file on the data that are open.
fn command(model: &Path, data: &[PathBuf], fixes: &[&Fix]) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let data: Vec<String> = data.iter().map(|path| quoted(path)).collect();
    let ids: Vec<&str> = fixes.iter().map(|fix| fix.id).collect();
    let (model, data, ids) = (quoted(model), data.join(" "), ids.join(","));
    format!("rvqscope repair {model} {data} --fix {ids} --out mended.safetensors") // not a text
}

/// Leads to the panel that shows the figures, with the layer selected and the codes marked.
fn show_ui(ctx: &PanelCtx<'_>, ui: &mut Ui, finding: &Finding) {
    let Some((panel, help)) = shown_in(finding) else { return };
    if button(ui, t!("doctor-show"), help.text(), None).clicked() {
        if let Some(&layer) = finding.layers.first() {
            ctx.send(match &*finding.codes {
                [] => SelectCommand::Layer(layer),
                [code] => SelectCommand::Code(layer, Some(*code)),
                codes => SelectCommand::Codes(layer, codes.into()),
            });
        }
        ctx.request(WindowRequest::ShowPanel(panel));
    }
}

/// The panel in which a finding is seen, by what it looked at, and what is said of the way there.
fn shown_in(finding: &Finding) -> Option<(&'static str, Phrase)> {
    let error = ("error", phrase!("doctor-show.error"));
    let usage = ("usage", phrase!("doctor-show.usage"));
    let layers = ("layers", phrase!("doctor-show.layers"));
    let dead = ("dead", phrase!("doctor-show.dead"));
    let codebook = ("codebook", phrase!("doctor-show.codebook"));
    let data = ("data", phrase!("doctor-show.data"));
    let needs = finding.check()?.needs;
    let by_id = match finding.id {
        "overloaded-codes" | "idle-layer" | "gain-stops" | "wrong-features" | "offset"
        | "held-out-differs" => Some(error),
        "by-heart" | "start-by-heart" | "unused-codes" | "collapse" => Some(usage),
        "still-moving" | "settled-long-ago" | "decay-too-slow" => Some(layers),
        "threshold-above-even" | "threshold-in-noise" => Some(dead),
        "out-of-reach" => Some(codebook),
        _ => None,
    };
    let by_evidence = || match () {
        () if needs.contains(&Evidence::Frames) => data,
        () if needs.contains(&Evidence::Sizes) => dead,
        () if needs.contains(&Evidence::Rows) => codebook,
        () => usage,
    };
    Some(by_id.unwrap_or_else(by_evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::repair::fix;

    #[test]
    fn changes_and_commands_say_what_they_mean() {
        let changes = [
            Change { key: "rule", value: ChangeValue::Word("rvqscope") },
            Change { key: "threshold_ema_dead_code", value: ChangeValue::Number(0.162_345_6) },
            Change { key: "kmeans_iters", value: ChangeValue::Number(50.0) },
        ];
        assert_eq!(words(&changes), "rule rvqscope, threshold 0.1623, kmeans iters 50");
        let fixes = [fix("replace-dead").unwrap(), fix("refit").unwrap()];
        let found = command(Path::new("it's.pth"), &[PathBuf::from("a b.wav")], &fixes);
        assert_eq!(
            found,
            r"rvqscope repair 'it'\''s.pth' 'a b.wav' --fix replace-dead,refit --out mended.safetensors"
        );
    }
}

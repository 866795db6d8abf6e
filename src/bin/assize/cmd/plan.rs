//! `assize plan` and `assize permissions`: what a scan would call, and what it must be allowed to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::Style;
use assize::collect::{Counts, Needs, Per, Permissions, Plan, Regions, Step};
use assize::report::harmless;
use assize::report::terminal::wrap;
use assize::source::config_api;
use assize::source::delivery;
use assize::source::endpoint::Partition;
use assize::source::trail::lookup::LOOKUP_ACTION;
use assize::source::trail::verify;

use crate::cli::{self, Asking};
use crate::failure::{Failure, causes};
use crate::output::{self, Colors};
use crate::settings::Settings;
use crate::{exit, input};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Who wants everything, where nobody but the flag does.
const EVERYTHING: &str = "--all";

/// Who wants to know what there is.
const INVENTORY: &str = "inventory";

pub(crate) fn plan(mut flags: cli::Plan, colors: Colors) -> Result<u8, Failure> {
    let (plan, catalog) = make(&mut flags.what)?;
    let mut text = table(&plan);
    let operations: BTreeSet<(&str, &str)> =
        plan.steps().iter().map(|step| (step.service.as_str(), step.operation.as_str())).collect();
    let services: BTreeSet<&str> = operations.iter().map(|(service, _)| *service).collect();
    _ = writeln!(text, "\n{BOLD}{} operations of {} services{BOLD:#}", operations.len(), services.len());
    if let Some(path) = &flags.snapshot {
        let snapshot = input::snapshot(std::slice::from_ref(path), &catalog)?;
        let mut counts = Counts::of(&catalog, &snapshot);
        let named = flags.what.regions.iter().filter(|region| *region != input::ALL).count();
        if named > 0 {
            counts.regions = u64::try_from(named).unwrap_or(u64::MAX);
        }
        let calls = plan.bound(&counts);
        _ = writeln!(
            text,
            "at most {calls} calls for as many resources as the snapshot has; what fails and is tried again comes on top"
        );
    }
    output::stdout(colors, false, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

pub(crate) fn permissions(mut flags: cli::Permissions, colors: Colors) -> Result<u8, Failure> {
    if let Some(address) = &flags.import {
        let region = flags.what.regions.first().map_or("", String::as_str);
        let policy = address.policy(Partition::of_region(region).id());
        output::stdout(colors, true, |out| out.write_all(policy.as_bytes()))?;
        return Ok(exit::CLEAN);
    }
    if let Some(address) = &flags.trail {
        let region = flags.what.regions.first().map_or("", String::as_str);
        let policy = verify::policy(address, Partition::of_region(region).id());
        output::stdout(colors, true, |out| out.write_all(policy.as_bytes()))?;
        return Ok(exit::CLEAN);
    }
    if flags.deliver {
        let mut settings = Settings::load(&flags.what.config)?;
        settings.regions(&mut flags.what.regions);
        let asked = settings.deliver().ok_or_else(|| {
            Failure::new("nothing says where to deliver to")
                .help("docs/deliver.md describes the section `deliver` of assize.yaml")
        })?;
        let region = flags.what.regions.first().map_or("", String::as_str);
        let account = asked.account_id();
        let policy = delivery::policy(asked.topic.as_ref(), asked.bucket.as_ref(), &asked.hubs, account, region);
        output::stdout(colors, true, |out| out.write_all(policy.as_bytes()))?;
        return Ok(exit::CLEAN);
    }
    let mut permissions = if flags.commands.is_empty() || flags.commands.contains(&Asking::Scan) {
        Permissions::of(&make(&mut flags.what)?.0)
    } else {
        Permissions::default()
    };
    for command in &flags.commands {
        let (actions, who): (&[&str], _) = match command {
            Asking::Scan => continue,
            Asking::History => (&[LOOKUP_ACTION], "history --events account"),
            Asking::Import => (&config_api::RECORDED_ACTIONS, "import --from-api"),
            Asking::ImportAggregator => (&config_api::AGGREGATED_ACTIONS, "import --from-api --aggregator"),
            Asking::CompareConfig => (&config_api::RESULTS_ACTIONS, "compare-config"),
        };
        permissions.add(actions, who);
    }
    let text = if flags.by_rule { by_rule(&permissions) } else { permissions.policy() };
    output::stdout(colors, !flags.by_rule, |out| out.write_all(text.as_bytes()))?;
    Ok(exit::CLEAN)
}

fn make(what: &mut cli::What) -> Result<(Plan, std::sync::Arc<assize::source::descriptor::Catalog>), Failure> {
    let mut settings = Settings::load(&what.config)?;
    settings.choice(&mut what.choice);
    settings.targets(&mut what.targets);
    settings.definitions(&mut what.definitions);
    settings.regions(&mut what.regions);
    let rules = settings.rules(&what.choice)?.rules;
    let (models, catalog) = input::definitions(&what.definitions)?;
    let regions = input::regions(&what.regions).unwrap_or_else(|| Regions::Named(BTreeSet::new()));
    let failed = |error| Failure::new(causes(&error));
    if what.inventory {
        let needs = Needs::listings(&catalog);
        let plan = Plan::of_inventory(&catalog, &models, INVENTORY, needs, &regions).map_err(failed)?;
        return Ok((plan, catalog));
    }
    let mut wanted: BTreeMap<String, Needs> = if what.all {
        [(EVERYTHING.to_owned(), Needs::everything(&catalog))].into()
    } else {
        rules.iter().map(|chosen| (chosen.id().to_string(), input::needs_of(chosen, &catalog))).collect()
    };
    if what.targets.by_tag() || settings.need_tags() {
        for needs in wanted.values_mut() {
            needs.add_tags(&catalog);
        }
    }
    let profile = settings.record(&catalog)?;
    let wanted = wanted.into_iter().map(|(who, needs)| (who, needs.recorded_by(&profile))).collect();
    let plan = Plan::new(&catalog, &models, &wanted, &regions).map_err(failed)?;
    Ok((plan, catalog))
}

/// A line an operation, with what it is called for.
fn table(plan: &Plan) -> String {
    let mut text = String::new();
    let name = |step: &Step| format!("{}:{}", step.service, step.operation);
    let columns = plan.steps().iter().map(|step| name(step).len()).max().unwrap_or(0);
    for step in plan.steps() {
        let per = match &step.per {
            Per::Account(1) => "once".to_owned(),
            Per::Account(times) => format!("at most {times} times"),
            Per::Region => "in each region".to_owned(),
            Per::Item(resource_type) => format!("for each {resource_type}"),
            Per::Items(resource_type, size) => format!("for each {size} of {resource_type}"),
            Per::Element { resource_type, part } => format!("for each {part} of each {resource_type}"),
        };
        let pages = if step.has_pages { ", all pages" } else { "" };
        let rules = match step.wanted_by.iter().collect::<Vec<_>>().as_slice() {
            [one] => (*one).clone(),
            many => format!("{} rules", many.len()),
        };
        let (name, per, rules) = (name(step), harmless(&per), harmless(&rules));
        _ = writeln!(text, "{BOLD}{name:columns$}{BOLD:#}  {per}{pages}  {DIM}{rules}{DIM:#}");
    }
    text
}

fn by_rule(permissions: &Permissions) -> String {
    let width = output::width();
    let mut text = String::new();
    for (action, rules) in permissions.actions() {
        _ = writeln!(text, "{BOLD}{}{BOLD:#}", harmless(action));
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        for line in wrap(&rules.join(", "), width, 2, 2) {
            _ = writeln!(text, "  {line}");
        }
    }
    text
}

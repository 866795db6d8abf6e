//! The example of the documentation is understood, slips are found where they are, and the schema says the same.

use super::*;

/// The example of `docs/config.md`.
fn example() -> &'static str {
    let page = include_str!("../../docs/config.md");
    page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the page has an example")
}

fn parsed(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("assize.yaml"), text)
}

/// All mistakes, one a line.
fn mistakes(text: &str) -> Vec<String> {
    match parsed(text) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Mistakes(mistakes)) => mistakes.iter().map(Mistake::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn the_example_of_the_page_is_understood() {
    let config = parsed(example()).unwrap_or_else(|error| panic!("{error}"));
    let accounts: Vec<_> = config.accounts.iter().map(|one| one.value.account_id.as_deref().unwrap()).collect();
    assert_eq!(accounts, ["111122223333", "444455556666", "777788889999"]);
    assert_eq!(config.accounts[1].value.regions, ["eu-central-1"]);
    assert_eq!(config.regions.as_ref().map(|regions| regions.value.len()), Some(2));
    assert_eq!(config.rules.len(), 4);
    assert_eq!(config.rules[3].value.severity, Some(Severity::Critical));
    let assigned: Vec<_> = config.rules[3].value.assignments().collect();
    let expected = Assignment {
        rule: Some("access-keys-rotated".to_owned()),
        name: "maxAccessKeyAge".to_owned(),
        value: "60".to_owned(),
    };
    assert_eq!(assigned, [expected]);
    let any = config.any_tags.as_ref().map(|tags| tags.value.clone());
    assert_eq!(any, Some(vec![("Environment".into(), Some("production".into())), ("Critical".into(), None)]));
    assert_eq!(config.exemptions.len(), 2);
    let first = &config.exemptions[0].value;
    assert_eq!(first.expires.map(|day| day.to_string()).as_deref(), Some("2027-01-31"));
    assert_eq!(config.exemptions[1].value.expires, None, "never");
    assert_eq!(first.origin.as_deref(), Some(format!("assize.yaml:{}", config.exemptions[0].at.line).as_str()));
    assert_eq!(
        config.fail_on.map(|fail_on| fail_on.value),
        Some(FailOn { least: Some(Severity::High), ..FailOn::default() })
    );
    let outputs: Vec<_> = config.outputs.iter().map(|output| output.value.0).collect();
    assert_eq!(outputs, [Format::Json, Format::Sarif]);
}

#[test]
fn the_example_names_rules_and_parameters_that_there_are() {
    let config = parsed(example()).expect("it is understood");
    let rules = RuleSet::builtin();
    config.check(&rules).unwrap_or_else(|error| panic!("{error}"));
    let line = config.rules[3].at.line;
    let text = example().lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    assert_eq!(text.trim(), "- rule: access-keys-rotated");
    assert_eq!(config.lines(&rules, &[]).get("access-keys-rotated"), Some(&line));
    assert_eq!(config.lines(&rules, &[]).get("encrypted-volumes"), Some(&config.rules[2].at.line), "by its identifier");
}

#[test]
fn nothing_asks_for_nothing() {
    for text in ["", "# only a remark\n", "{}", "rules:\nexemptions:\n"] {
        let config = parsed(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(config.rules.is_empty() && config.exemptions.is_empty() && config.regions.is_none());
    }
}

#[test]
fn an_unknown_key_names_its_place_and_the_nearest() {
    let cases = [
        ("regoins: [eu-west-1]", "assize.yaml:1:1: in this file there is no key `regoins`; did you mean `regions`?"),
        (
            "rules:\n  - rule: encrypted-volumes\n    severty: low",
            "assize.yaml:3:5: in `rules` there is no key `severty`; did you mean `severity`?",
        ),
        ("targets: {some: [A]}", "assize.yaml:1:11: in `targets` there is no key `some`; there are any, all"),
        ("outputs: {serif: x}", "assize.yaml:1:11: in `outputs` there is no key `serif`; did you mean `sarif`?"),
        (
            "fail_on: hihg",
            "assize.yaml:1:10: `hihg` is none of critical, high, medium, low, informational, new, gaps, never; did you mean `high`?",
        ),
        (
            "rules:\n  - {severity: low}",
            "assize.yaml:2:5: an entry of `rules` needs the key `rule`: an id, or a pattern of ids",
        ),
        ("budget: 0", "assize.yaml:1:9: `budget` is a whole number of requests, at least 1"),
        ("threads: none", "assize.yaml:1:10: `threads` is a whole number from 1 to 65535"),
        (
            "regions: [eu_west_1]",
            "assize.yaml:1:11: `eu_west_1` is no region: they look like eu-west-1, or `all` for the enabled ones",
        ),
        ("rules: encrypted-volumes", "assize.yaml:1:8: a list is expected, and this is a text"),
        ("rules: [12]", "assize.yaml:1:9: in `rules` a mapping is expected, and this is a number"),
        ("rule_folders: true", "assize.yaml:1:15: a text is expected, and this is true or false: write it in quotes"),
        ("outputs: {json: a, sarif: a}", "assize.yaml:1:27: a is named for two reports"),
        ("targets: {all: [\"=x\"]}", "assize.yaml:1:17: a tag has a key: KEY or KEY=VALUE"),
    ];
    for (text, expected) in cases {
        assert_eq!(mistakes(text), [expected], "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_their_order() {
    let told = mistakes("regoins: 1\nfail_on: often\nexemptions:\n  - {reason: x, resource: {}, expires: soon}\n");
    let places: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        ["assize.yaml:1:1", "assize.yaml:2:10", "assize.yaml:4:5", "assize.yaml:4:27", "assize.yaml:4:40"],
        "{told:#?}"
    );
    let error = parsed("a: 1\nb: 2\n").expect_err("two keys are wrong").to_string();
    assert!(error.starts_with("there are 2 mistakes:\nassize.yaml:1:1: "), "{error}");
}

#[test]
fn what_is_no_yaml_has_a_place_too() {
    for (text, place) in [
        ("rules: [a\n", "assize.yaml:"),
        ("a: b: c\n", "assize.yaml:1:"),
        ("fail_on: low\nfail_on: high\n", "assize.yaml:2:1:"),
    ] {
        let told = mistakes(text);
        assert!(told.len() == 1 && told[0].starts_with(place), "{text:?}: {told:?}");
        assert!(!told[0].contains('\n') && !told[0].contains(" at line "), "{told:?}");
    }
}

#[test]
fn credentials_are_refused_and_never_repeated() {
    let told = mistakes("accounts:\n  - profile: audit\n    secret_access_key: wJalrXUtnFEMI\n");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("assize.yaml:3:5: in `accounts` `secret_access_key` looks like a credential"),
        "{told:?}"
    );
    assert!(!told[0].contains("wJalr"), "{told:?}");
    let told = mistakes("accounts:\n  - profile: AKIAIOSFODNN7EXAMPLE\n");
    assert!(told[0].contains("looks like an access key") && !told[0].contains("IOSFODNN7"), "{told:?}");
}

#[test]
fn of_several_accounts_each_says_whose_it_is() {
    assert_eq!(mistakes("accounts: [{profile: a}]"), [""; 0]);
    let told = mistakes("accounts:\n  - profile: a\n  - role_arn: arn:aws:iam::111122223333:role/x\n");
    assert!(told.len() == 1 && told[0].starts_with("assize.yaml:2:5: of several accounts"), "{told:?}");
    let told = mistakes(
        "accounts:\n  - {profile: a, account_id: 111122223333}\n  - role_arn: arn:aws:iam::111122223333:role/x\n",
    );
    assert_eq!(told, ["assize.yaml:3:5: the account 111122223333 is named in line 2 already"]);
    for (entry, expected) in [
        ("{role_arn: audit}", "this is no ARN of a role"),
        (
            "{role_arn: \"arn:aws:iam::111122223333:role/x\", account_id: 444455556666}",
            "the role is of account 111122223333",
        ),
        ("{external_id: x, profile: a}", "an `external_id` is for a `role_arn`"),
        ("{}", "an account needs"),
        ("{account_id: 12345678901234}", "an account id has twelve digits"),
    ] {
        let told = mistakes(&format!("accounts: [{entry}]"));
        assert!(told.len() == 1 && told[0].contains(expected), "{entry}: {told:?}");
    }
}

#[test]
fn an_account_id_keeps_its_zeros() {
    for id in ["000011112222", "\"000011112222\""] {
        let config = parsed(&format!("accounts: [{{account_id: {id}}}]")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.accounts[0].value.account_id.as_deref(), Some("000011112222"));
    }
}

fn with_exemption(members: &str) -> String {
    format!("exemptions:\n  - {{{members}}}\n")
}

#[test]
fn an_exemption_says_all_that_it_has_to() {
    let whole = "rules: a, resource: {id: b}, reason: c, expires: never";
    assert_eq!(mistakes(&with_exemption(whole)), [""; 0]);
    for missing in ["rules: a, ", "resource: {id: b}, ", "reason: c, ", ", expires: never"] {
        let told = mistakes(&with_exemption(&whole.replacen(missing, "", 1)));
        assert!(told.len() == 1 && told[0].contains("an exemption needs `"), "{missing}: {told:?}");
    }
    for (from, to, expected) in [
        ("id: b", "", "`resource` has no condition"),
        ("{id: b}", "all", "`resource` is a mapping"),
        ("id: b", "idd: b", "in `resource` there is no key `idd`; did you mean `id`?"),
        ("id: b", "id: \"a[\"", "`a[` is not a pattern"),
        ("id: b", "id: []", "the list is empty"),
        ("id: b", "account: 123", "an account id has twelve digits"),
        ("id: b", "tags: {A: 1}", "write it in quotes"),
        ("never", "2026-02-30", "`2026-02-30` is no day"),
        ("never", "soon", "`soon` is no day"),
        ("reason: c", "reason: \" \"", "the text is empty"),
    ] {
        let told = mistakes(&with_exemption(&whole.replacen(from, to, 1)));
        assert!(told.iter().any(|line| line.contains(expected)), "{to}: {told:?}");
    }
    let everything = parsed(&with_exemption(&whole.replace("{id: b}", "\"*\""))).expect("it is meant");
    assert!(everything.exemptions[0].value.resource.is_everything());
}

#[test]
fn exemptions_stand_in_files_of_their_own_too() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
    let one = |id: &str| format!("  - {{rules: r, resource: {{id: {id}}}, reason: c, expires: never}}\n");
    write("more.yaml", &format!("exemptions:\n{}{}", one("a"), one("b")));
    write("bad.yaml", "exemptions:\n  - {rules: r, resource: {id: x}, reason: c, expires: nver}\n");
    let load = |text: &str| {
        write("assize.yaml", text);
        Config::load(&folder.path().join("assize.yaml"))
    };
    assert_eq!(load("exemptions: more.yaml\n").expect("it is read").exemptions.len(), 2);
    let mixed = load(&format!("exemptions:\n{}  - more.yaml\n", one("c"))).expect("it is read");
    assert_eq!(mixed.exemptions.len(), 3);
    assert!(mixed.exemptions[1].value.origin.as_deref().is_some_and(|origin| origin.ends_with("more.yaml:2")));
    let error = load("exemptions: bad.yaml\n").expect_err("the day is none").to_string();
    assert!(error.contains("bad.yaml:2:") && error.contains("`nver` is no day"), "{error}");
    let error = load(&format!("exemptions:\n{}  - more.yaml\n", one("a"))).expect_err("one is there twice").to_string();
    assert!(error.contains("more.yaml:2:5: this covers the same as the exemption at "), "{error}");
    let error = load("exemptions: none.yaml\n").expect_err("there is no such file");
    assert!(error.to_string().ends_with("none.yaml"), "{error}");
}

#[test]
fn rules_are_checked_where_they_are_named() {
    let check = |text: &str| {
        let config = parsed(text).unwrap_or_else(|error| panic!("{error}"));
        config.check(&RuleSet::builtin()).map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    assert_eq!(check("rules: [encrypted-volumes, \"s3-*\"]"), "");
    let told = check("rules:\n  - s3-*\n  - encrypted-volume\n");
    assert_eq!(told, "assize.yaml:3:5: there is no rule encrypted-volume; did you mean encrypted-volumes?");
    let told = check("rules:\n  - rule: access-keys-rotated\n    parameters: {maxAge: 3}\n");
    assert!(told.starts_with("assize.yaml:3:18: rule access-keys-rotated has no parameter `maxAge`"), "{told}");
    let told = check("rules:\n  - rule: access-keys-rotated\n    parameters: {maxAccessKeyAge: soon}\n");
    assert!(told.contains(":3:18: ") && told.contains("has to be a whole number"), "{told}");
    let told = check(&with_exemption("rules: encrypted-volume, resource: \"*\", reason: c, expires: never"));
    assert!(told.starts_with("assize.yaml:2:5: in `exemptions` there is no rule encrypted-volume"), "{told}");
    // What an identifier of AWS Config names is the rule of that id.
    let text =
        with_exemption("rules: [ENCRYPTED_VOLUMES, \"s3-*\", \"*\"], resource: \"*\", reason: c, expires: never");
    let config = parsed(&text).expect("it is understood");
    config.check(&RuleSet::builtin()).expect("all are there");
    let exemptions = config.exemptions(&RuleSet::builtin());
    assert_eq!(exemptions.iter().next().map(|one| one.rules.texts()), Some(vec!["*", "encrypted-volumes", "s3-*"]));
}

#[test]
fn an_exemption_may_name_a_rule_as_it_answers_for_a_pack() {
    let with_rules =
        |rules: &str| with_exemption(&format!("rules: [{rules}], resource: \"*\", reason: c, expires: never"));
    let config = parsed(&with_rules("ENCRYPTED_VOLUMES@a, \"s3-*@a\"")).expect("it is understood");
    config.check(&RuleSet::builtin()).expect("the rules are there");
    let exemptions = config.exemptions(&RuleSet::builtin());
    assert_eq!(exemptions.iter().next().map(|one| one.rules.texts()), Some(vec!["encrypted-volumes@a", "s3-*@a"]));
    let check = |packs: &str, rules: &str| {
        let config = parsed(&format!("packs: [{packs}]\n{}", with_rules(rules))).expect("it is understood");
        config.check_packs().map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    let packs = "starter, packs/mine.yaml";
    for right in
        ["encrypted-volumes", "encrypted-volumes@mine", "encrypted-volumes@starter:Volumes", "\"*@*\"", "\"a@st*\""]
    {
        assert_eq!(check(packs, right), "", "{right}");
    }
    assert_eq!(
        check(packs, "encrypted-volumes@startr"),
        "assize.yaml:3:5: in `exemptions` encrypted-volumes@startr is of the pack startr, which the file does not ask for; \
         did you mean `starter`?; its packs are mine, starter"
    );
    assert!(check("", "a@b").ends_with("is of the pack b, and the file asks for no packs: name the rule alone, a"));
}

#[test]
fn a_pack_is_a_file_as_seen_from_the_configuration_file() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("theirs"), "").expect("it can be written");
    let file = folder.path().join("assize.yaml");
    // In the working directory of the tests there is a `Cargo.lock`, which is nothing to this file.
    let text = "packs: [starter, theirs, Cargo.lock, mine.yaml, {pack: sub/mine}]\n";
    let config = Config::parse(&file, text).expect("it is understood");
    let packs: Vec<_> = config.packs.iter().map(|entry| entry.value.pack.clone()).collect();
    let named = |name: &str| pack::Wanted::Named(name.to_owned());
    let of_file = |name: &str| pack::Wanted::File(folder.path().join(name));
    assert_eq!(
        packs,
        [named("starter"), of_file("theirs"), named("Cargo.lock"), of_file("mine.yaml"), of_file("sub/mine")]
    );
    let error = packs[2].pack(&BTreeMap::new()).expect_err("there is no such pack").to_string();
    assert!(error.starts_with("there is no pack Cargo.lock"), "{error}");
    assert_eq!(packs.iter().map(pack::Wanted::name).collect::<Vec<_>>()[3..], ["mine", "mine"]);
}

#[test]
fn what_is_recorded_are_types_that_there_are() {
    let catalog = Catalog::builtin().expect("the descriptors are right");
    let told = |text: &str| match parsed(text).expect("it is understood").check_types(&catalog) {
        Ok(()) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(example()), "");
    let config = parsed(example()).expect("it is understood");
    let profile = &config.record.expect("it says what is recorded").value.profile;
    assert!(
        !profile.records("AWS::EC2::NetworkInterface", "eu-west-1") && profile.records("AWS::EC2::VPC", "eu-west-1")
    );
    assert!(!profile.records("AWS::EC2::VPC", "us-east-1") && profile.records("AWS::S3::Bucket", "us-east-1"));
    assert_eq!(
        told("record:\n  except: [AWS::EC2::Volum]\n"),
        "assize.yaml:2:12: in `record` no resource type is called `AWS::EC2::Volum`; did you mean `AWS::EC2::Volume`?"
    );
    assert_eq!(
        told("record: {regions: {global: {only: \"AWS::EC3::*\"}}}"),
        "assize.yaml:1:35: in `record` no resource type is called `AWS::EC3::*`"
    );
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("it is JSON");
    let keys_at = |pointer: &str| -> Vec<String> {
        let members = schema.pointer(pointer).and_then(|one| one["properties"].as_object()).expect(pointer);
        let mut keys: Vec<String> = members.keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys_at(""), sorted(&keys::FILE));
    assert_eq!(keys_at("/properties/targets"), sorted(&keys::TARGETS));
    assert_eq!(keys_at("/properties/record"), sorted(&keys::RECORD));
    assert_eq!(keys_at("/$defs/recorded"), sorted(&keys::RECORDED));
    assert_eq!(keys_at("/properties/definitions"), sorted(&keys::DEFINITIONS));
    assert_eq!(keys_at("/properties/outputs"), sorted(&Format::ALL.map(Format::as_str)));
    assert_eq!(keys_at("/$defs/account"), sorted(&keys::ACCOUNT));
    assert_eq!(keys_at("/$defs/rule"), sorted(&keys::RULE));
    assert_eq!(keys_at("/$defs/exemption"), sorted(&keys::EXEMPTION));
    assert_eq!(keys_at("/$defs/resource"), sorted(&keys::RESOURCE));
    let severities: Vec<&str> = schema["$defs"]["severity"]["enum"]
        .as_array()
        .expect("words")
        .iter()
        .filter_map(|word| word.as_str())
        .collect();
    assert_eq!(severities, super::severities());
}

#[test]
fn the_schema_takes_what_is_taken_and_refuses_what_is_refused() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    let valid = |text: &str| -> bool {
        let value: serde_json::Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        validator.is_valid(&value)
    };
    let exemption = "rules: a, resource: {id: b}, reason: c, expires: never";
    let texts = [
        example().to_owned(),
        "{}".to_owned(),
        "rules:\n".to_owned(),
        "regions: all".to_owned(),
        "budget: 500".to_owned(),
        "accounts: [{account_id: 111122223333}]".to_owned(),
        with_exemption(exemption),
        with_exemption(&exemption.replace("{id: b}", "\"*\"")),
        "outputs: {json: [a, b]}".to_owned(),
        "record: {only: [\"AWS::EC2::*\"], regions: {global: {except: \"AWS::IAM::User\"}}}".to_owned(),
        // And these are wrong.
        "regoins: [eu-west-1]".to_owned(),
        "record: {exclude: \"AWS::EC2::*\"}".to_owned(),
        "record: {only: []}".to_owned(),
        "record: {regions: {everywhere: {only: \"AWS::EC2::*\"}}}".to_owned(),
        "record: {regions: {eu-west-1: \"AWS::EC2::*\"}}".to_owned(),
        "rules: encrypted-volumes".to_owned(),
        "rules: [{severity: low}]".to_owned(),
        "rules: [{rule: a, severity: worst}]".to_owned(),
        "fail_on: sometimes".to_owned(),
        "threads: 0".to_owned(),
        "budget: 0".to_owned(),
        "budget: 2.5".to_owned(),
        "accounts: [{}]".to_owned(),
        "accounts: [{external_id: a}]".to_owned(),
        "accounts: [{role_arn: audit}]".to_owned(),
        "accounts: [{profile: a, secret_access_key: b}]".to_owned(),
        "targets: {any: [\"=a\"]}".to_owned(),
        with_exemption(&exemption.replace(", reason: c", "")),
        with_exemption(&exemption.replace("never", "soon")),
        with_exemption(&exemption.replace("id: b", "")),
        with_exemption(&exemption.replace("id: b", "idd: b")),
    ];
    assert!(valid("exemptions: more.yaml") && valid("exemptions: [more.yaml]"), "files are not looked into");
    for text in texts {
        assert_eq!(valid(&text), mistakes(&text).is_empty(), "{text}: {:?}", mistakes(&text));
    }
}

#[test]
fn the_example_of_the_readme_is_understood() {
    let readme = include_str!("../../README.md");
    let text = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it has one");
    let config = parsed(text).unwrap_or_else(|error| panic!("{error}"));
    config.check(&RuleSet::builtin()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((config.rules.len(), config.exemptions.len()), (2, 1));
}

//! Findings at the lines of a repository: CloudFormation deploys its template, the state of its Terraform has the real ids, the
//! account is scanned, and SARIF names the file and the line of each. Then blocks move.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::moto::{self, ACCOUNT, Moto};
use crate::scan::assize_in;
use crate::seed::HOME;

/// Names come from prefixes: only the state tells what was made of which block.
const TERRAFORM: &str = r#"resource "aws_s3_bucket" "logs" {
  bucket_prefix = "amzn-s3-demo-"
}

resource "aws_s3_bucket_versioning" "logs" {
  bucket = aws_s3_bucket.logs.id
  versioning_configuration {
    status = "Suspended"
  }
}

resource "aws_security_group" "admin" {
  name_prefix = "admin-"
  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["0.0.0.0/0"]
  }
}

module "key" {
  source = "./key"
}
"#;

const MODULE: &str = r#"resource "aws_kms_key" "this" {
  enable_key_rotation = false
}
"#;

const TEMPLATE: &str = r"AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      SecurityGroupIngress:
        - IpProtocol: tcp
          FromPort: 22
          ToPort: 22
          CidrIp: 0.0.0.0/0
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Action: 'kms:*', Resource: '*'}]
      EnableKeyRotation: false
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: amzn-s3-demo-uploads
";

const CONFIG: &str = "fail_on: never
rules:
  - cmk-backing-key-rotation-enabled
  - restricted-ssh
  - s3-bucket-versioning-enabled
";

/// The repository, the account that was made of it, and what each resource goes by there.
struct Deployed {
    moto: Moto,
    folder: TempDir,
    ids: BTreeMap<String, String>,
}

impl Deployed {
    /// `None` when these tests are to be left out.
    fn new() -> Option<Self> {
        if std::env::var_os(moto::SKIP).is_some_and(|value| value == "1") {
            return None;
        }
        let moto = Moto::start();
        let ids = moto.python("iac.py", &[], &BTreeMap::from([("template".to_owned(), TEMPLATE.to_owned())]));
        let deployed = Self { moto, folder: tempfile::tempdir().unwrap(), ids };
        deployed.write(".git/HEAD", "ref: refs/heads/main\n");
        deployed.write("assize.yaml", CONFIG);
        deployed.write("infra/main.tf", TERRAFORM);
        deployed.write("infra/key/main.tf", MODULE);
        deployed.write("cfn/shop.yaml", TEMPLATE);
        deployed.write("infra/terraform.tfstate", &deployed.state().to_string());
        Some(deployed)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The state as the provider writes it, as far as it tells which resource is which.
    fn state(&self) -> Json {
        let [admin, logs, this] = ["admin", "logs", "this"].map(|name| &self.ids[name]);
        let of = |kind: &str, name: &str, attributes: Json| {
            json!({"mode": "managed", "type": kind, "name": name,
                "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{"attributes": attributes}]})
        };
        let mut key = of(
            "aws_kms_key",
            "this",
            json!({"id": this, "key_id": this, "arn": format!("arn:aws:kms:{HOME}:{ACCOUNT}:key/{this}")}),
        );
        key["module"] = json!("module.key");
        json!({"version": 4, "terraform_version": "1.13.0", "resources": [
            of("aws_s3_bucket", "logs", json!({"id": logs, "bucket": logs, "arn": format!("arn:aws:s3:::{logs}")})),
            of("aws_s3_bucket_versioning", "logs", json!({"id": logs, "bucket": logs})),
            of("aws_security_group", "admin",
                json!({"id": admin, "arn": format!("arn:aws:ec2:{HOME}:{ACCOUNT}:security-group/{admin}")})),
            key,
        ]})
    }

    /// Each finding of a scan: where it is and how that was found, and its fingerprint; by the name of its resource.
    fn scan(&self) -> BTreeMap<String, (String, String)> {
        let scan = ["scan", "--iac", ".", "--region", HOME, "-o", "sarif=out.sarif"];
        let output = assize_in(self.folder.path(), &self.moto, &scan);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.is_empty(), "{told}");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        let checked = assize_in(self.folder.path(), &self.moto, &["sarif", "check", "out.sarif"]);
        assert_eq!(String::from_utf8_lossy(&checked.stdout), "out.sarif: would be accepted\n");
        let sarif: Json = serde_json::from_slice(&fs::read(self.folder.path().join("out.sarif")).unwrap()).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let names: BTreeMap<&str, &str> = self.ids.iter().map(|(name, id)| (id.as_str(), name.as_str())).collect();
        let of = |result: &Json| {
            let (physical, properties) = (&result["locations"][0]["physicalLocation"], &result["properties"]);
            let definition = &properties["definition"];
            let [file, mapping, certainty] =
                [&physical["artifactLocation"]["uri"], &definition["mapping"], &definition["certainty"]]
                    .map(|text| text.as_str().unwrap_or("-"));
            let place = format!("{file}:{} {mapping} {certainty}", physical["region"]["startLine"]);
            let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
            let id = properties["resourceId"].as_str().unwrap();
            (names.get(id).unwrap_or_else(|| panic!("{result}")).to_string(), (place, print.to_owned()))
        };
        let found: BTreeMap<_, _> = results.iter().map(of).collect();
        assert_eq!(found.len(), results.len(), "one of each resource");
        found
    }
}

/// The line of the only place where this stands.
fn line(text: &str, what: &str) -> usize {
    let lines: Vec<usize> = (1..).zip(text.lines()).filter(|(_, line)| line.contains(what)).map(|(at, _)| at).collect();
    let [line] = lines[..] else { panic!("{what} is at {lines:?}") };
    line
}

/// Where each finding must be, by what the files say.
fn places(terraform: &str, module: &str, template: &str) -> BTreeMap<String, String> {
    let in_state = "terraform-arn certain";
    let by_tags = "cloudformation-tags likely";
    [
        ("logs", format!("infra/main.tf:{} {in_state}", line(terraform, "status = \"Suspended\""))),
        ("admin", format!("infra/main.tf:{} {in_state}", line(terraform, "to_port"))),
        ("this", format!("infra/key/main.tf:{} {in_state}", line(module, "enable_key_rotation"))),
        ("Web", format!("cfn/shop.yaml:{} {by_tags}", line(template, "ToPort"))),
        ("Key", format!("cfn/shop.yaml:{} {by_tags}", line(template, "EnableKeyRotation"))),
        ("Uploads", format!("cfn/shop.yaml:{} name likely", line(template, "Uploads:"))),
        // Nobody wrote it down: what asks for the rule is the place.
        ("hand", format!("assize.yaml:{} - -", line(CONFIG, "s3-bucket-versioning-enabled"))),
    ]
    .map(|(name, place)| (name.to_owned(), place))
    .into()
}

#[test]
fn each_finding_of_an_account_is_at_its_line_and_moves_with_it() {
    let Some(deployed) = Deployed::new() else { return };
    let found_at = |found: &BTreeMap<String, (String, String)>| -> BTreeMap<String, String> {
        found.iter().map(|(name, (place, _))| (name.clone(), place.clone())).collect()
    };
    let prints = |found: &BTreeMap<String, (String, String)>| -> BTreeMap<String, String> {
        found.iter().map(|(name, (_, print))| (name.clone(), print.clone())).collect()
    };
    let before = deployed.scan();
    assert_eq!(found_at(&before), places(TERRAFORM, MODULE, TEMPLATE));
    let different: std::collections::BTreeSet<String> = prints(&before).into_values().collect();
    assert_eq!(different.len(), before.len(), "no two findings are one alert");

    // Lines come in before some of the blocks, within others, and before all.
    let terraform =
        TERRAFORM.replace("resource \"aws_security_group\"", "# who may\n# come in\n\nresource \"aws_security_group\"");
    let module = format!("# the key of the queue\n\n{MODULE}");
    let template = format!(
        "# moved\n{}",
        TEMPLATE.replace("      EnableKeyRotation", "      Description: of the shop\n      EnableKeyRotation")
    );
    deployed.write("infra/main.tf", &terraform);
    deployed.write("infra/key/main.tf", &module);
    deployed.write("cfn/shop.yaml", &template);
    let after = deployed.scan();
    assert_eq!(found_at(&after), places(&terraform, &module, &template));
    let moved: Vec<&String> = before.keys().filter(|name| before[*name].0 != after[*name].0).collect();
    assert_eq!(moved, ["Key", "Uploads", "Web", "admin", "this"], "all but what stands before the new lines");
    assert_eq!(prints(&after), prints(&before));
}

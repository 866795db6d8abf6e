//! What is in the test account, made with the typed SDK: EC2, IAM and S3. `seed.py` makes the rest.
//!
//! Two regions: `us-east-1` holds things of every state, `eu-west-1` a few, so that what is judged by region is seen
//! with both verdicts.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::types as ec2;
use aws_sdk_iam::types as iam;
use aws_sdk_s3::types as s3;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use serde_json::json;

use crate::block_on;
use crate::moto::Moto;

/// The region with things of every state.
pub(crate) const HOME: &str = "us-east-1";
/// The region where the defaults are safe.
pub(crate) const OTHER: &str = "eu-west-1";

/// The typed clients of one region.
pub(crate) struct Typed {
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) s3: aws_sdk_s3::Client,
}

impl Typed {
    /// Clients of this region.
    pub(crate) fn new(moto: &Moto, region: &str) -> Self {
        let config = config(moto, region);
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            ec2: aws_sdk_ec2::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
        }
    }
}

/// A configuration of the SDK that sees nothing of the environment.
pub(crate) fn config(moto: &Moto, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(moto.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}

/// Fills the account and tells the id of everything that has a label.
pub(crate) fn fill(moto: &Moto) -> BTreeMap<String, String> {
    let mut seed = Seed { labels: BTreeMap::new() };
    block_on(async {
        let home = Typed::new(moto, HOME);
        let other = Typed::new(moto, OTHER);
        seed.identities(&home.iam).await;
        // Flow logs go to one of them.
        seed.buckets(&home.s3, &other.s3).await;
        seed.network(&home.ec2).await;
        seed.machines(&home.ec2).await;
        seed.disks(&home.ec2).await;
        seed.other_region(&other.ec2).await;
    });
    moto.facts(&ages());
    let more = moto.python("seed.py", &[], &seed.labels);
    seed.labels.extend(more);
    seed.labels
}

/// Turns the account's own settings, and what watches it, from one state to the other.
pub(crate) fn flip(moto: &Moto, labels: &BTreeMap<String, String>) {
    block_on(async {
        let home = Typed::new(moto, HOME);
        let other = Typed::new(moto, OTHER);
        home.iam
            .update_account_password_policy()
            .require_uppercase_characters(true)
            .require_lowercase_characters(true)
            .require_symbols(true)
            .require_numbers(true)
            .minimum_password_length(14)
            .password_reuse_prevention(24)
            .max_password_age(90)
            .send()
            .await
            .unwrap();
        home.ec2.enable_ebs_encryption_by_default().send().await.unwrap();
        other.ec2.disable_ebs_encryption_by_default().send().await.unwrap();
    });
    moto.facts(&json!({"root": {"mfa": true, "accessKey": false}}));
    moto.python("seed.py", &["flip"], labels);
}

/// How old credentials are and when they were last used, in days.
fn ages() -> serde_json::Value {
    json!({
        "root": {"mfa": false, "accessKey": true},
        "users": {
            "user-clean": {"created": 400, "passwordUsed": 2, "keys": [{"created": 30, "used": 1}]},
            "user-without-mfa": {"created": 400, "passwordUsed": 10},
            "user-inline-policy": {"created": 400},
            "user-attached-policy": {"created": 400},
            "user-old-key-in-use": {"created": 400, "keys": [{"created": 200, "used": 1}]},
            "user-forgotten-key": {"created": 400, "keys": [{"created": 200, "used": 150}]},
            "user-key-never-used": {"created": 400, "keys": [{"created": 120}]},
            "user-key-put-away": {"created": 400, "keys": [{"created": 200, "used": 150}]},
            "user-second-key-old": {"created": 400, "keys": [{"created": 10, "used": 1}, {"created": 91, "used": 1}]},
            "user-forgotten-password": {"created": 400, "passwordUsed": 200},
        },
    })
}

/// Protocol, first and last port, sources.
type Ingress<'a> = (&'a str, i32, i32, &'a [&'a str]);

struct Seed {
    labels: BTreeMap<String, String>,
}

impl Seed {
    fn label(&mut self, label: &str, id: impl Into<String>) {
        let before = self.labels.insert(label.to_owned(), id.into());
        assert!(before.is_none(), "two resources are called {label}");
    }

    // --- IAM ---------------------------------------------------------------------------------------------------------

    async fn identities(&mut self, iam: &aws_sdk_iam::Client) {
        for (label, document) in [
            ("policy-admin", allow(&json!("*"), &json!("*"))),
            ("policy-admin-in-lists", allow(&json!(["s3:GetObject", "*"]), &json!(["*"]))),
            ("policy-all-of-one-service", allow(&json!("s3:*"), &json!("*"))),
            ("policy-all-on-one-thing", allow(&json!("*"), &json!("arn:aws:s3:::bucket-clean/*"))),
            (
                "policy-deny-everything",
                json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}),
            ),
        ] {
            self.policy(iam, label, &document).await;
        }
        // What counts is the version in force.
        let was = self.policy(iam, "policy-admin-no-more", &allow(&json!("*"), &json!("*"))).await;
        iam.create_policy_version()
            .policy_arn(&was)
            .policy_document(allow(&json!("ec2:Describe*"), &json!("*")).to_string())
            .set_as_default(true)
            .send()
            .await
            .unwrap();

        let group = iam.create_group().group_name("people").send().await.unwrap();
        self.label("group-people", group.group().unwrap().group_id());
        iam.attach_group_policy()
            .group_name("people")
            .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
            .send()
            .await
            .unwrap();

        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "cloudtrail.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }],
        });
        let role = iam
            .create_role()
            .role_name("role-service")
            .path("/service/")
            .assume_role_policy_document(trust.to_string())
            .tags(iam::Tag::builder().key("team").value("platform").build().unwrap())
            .send()
            .await
            .unwrap();
        self.label("role-service", role.role().unwrap().arn());
        iam.put_role_policy()
            .role_name("role-service")
            .policy_name("logs")
            .policy_document(allow(&json!(["logs:CreateLogStream", "logs:PutLogEvents"]), &json!("*")).to_string())
            .send()
            .await
            .unwrap();

        for (user, password, mfa, keys) in [
            ("user-clean", true, true, 1),
            ("user-without-mfa", true, false, 0),
            ("user-inline-policy", false, false, 0),
            ("user-attached-policy", false, false, 0),
            ("user-old-key-in-use", false, true, 1),
            ("user-forgotten-key", false, false, 1),
            ("user-key-never-used", false, false, 1),
            ("user-key-put-away", false, false, 1),
            ("user-second-key-old", false, false, 2),
            ("user-forgotten-password", true, true, 0),
        ] {
            self.user(iam, user, password, mfa, keys).await;
        }
        iam.add_user_to_group().group_name("people").user_name("user-clean").send().await.unwrap();
        iam.put_user_policy()
            .user_name("user-inline-policy")
            .policy_name("own")
            .policy_document(allow(&json!("s3:ListAllMyBuckets"), &json!("*")).to_string())
            .send()
            .await
            .unwrap();
        iam.attach_user_policy()
            .user_name("user-attached-policy")
            .policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")
            .send()
            .await
            .unwrap();
        let keys = iam.list_access_keys().user_name("user-key-put-away").send().await.unwrap();
        iam.update_access_key()
            .user_name("user-key-put-away")
            .access_key_id(keys.access_key_metadata()[0].access_key_id().unwrap())
            .status(iam::StatusType::Inactive)
            .send()
            .await
            .unwrap();
    }

    async fn policy(&mut self, iam: &aws_sdk_iam::Client, label: &str, document: &serde_json::Value) -> String {
        let made = iam.create_policy().policy_name(label).policy_document(document.to_string()).send().await.unwrap();
        let arn = made.policy().unwrap().arn().unwrap().to_owned();
        self.label(label, &arn);
        arn
    }

    async fn user(&mut self, iam: &aws_sdk_iam::Client, name: &str, password: bool, mfa: bool, keys: usize) {
        let tag = iam::Tag::builder().key("owner").value(name).build().unwrap();
        let made = iam.create_user().user_name(name).path("/people/").tags(tag).send().await.unwrap();
        self.label(name, made.user().unwrap().user_id());
        if password {
            iam.create_login_profile().user_name(name).password("correct-Horse-8attery").send().await.unwrap();
        }
        if mfa {
            let device = iam.create_virtual_mfa_device().virtual_mfa_device_name(name).send().await.unwrap();
            iam.enable_mfa_device()
                .user_name(name)
                .serial_number(device.virtual_mfa_device().unwrap().serial_number())
                .authentication_code1("123456")
                .authentication_code2("654321")
                .send()
                .await
                .unwrap();
        }
        for _ in 0..keys {
            iam.create_access_key().user_name(name).send().await.unwrap();
        }
    }

    // --- EC2 ---------------------------------------------------------------------------------------------------------

    async fn network(&mut self, client: &aws_sdk_ec2::Client) {
        let default = client.describe_vpcs().send().await.unwrap().vpcs()[0].vpc_id().unwrap().to_owned();
        self.label("default-sg-of-default-vpc", default_group(client, &default).await);
        self.label("vpc-default", default);

        let logged = self.vpc(client, "vpc-logged", "10.1.0.0/16").await;
        let closed = default_group(client, &logged).await;
        let said = client.describe_security_groups().group_ids(&closed).send().await.unwrap();
        let group = &said.security_groups()[0];
        if !group.ip_permissions().is_empty() {
            client
                .revoke_security_group_ingress()
                .group_id(&closed)
                .set_ip_permissions(Some(group.ip_permissions().to_vec()))
                .send()
                .await
                .unwrap();
        }
        client
            .revoke_security_group_egress()
            .group_id(&closed)
            .set_ip_permissions(Some(group.ip_permissions_egress().to_vec()))
            .send()
            .await
            .unwrap();
        self.label("default-sg-closed", closed);

        let silent = self.vpc(client, "vpc-silent", "10.2.0.0/16").await;
        self.label("default-sg-as-made", default_group(client, &silent).await);

        let a = self.subnet(client, "subnet-a", &logged, "10.1.1.0/24", "us-east-1a").await;
        self.subnet(client, "subnet-b", &logged, "10.1.2.0/24", "us-east-1b").await;
        let alone = self.subnet(client, "subnet-alone", &silent, "10.2.1.0/24", "us-east-1a").await;
        self.flow_log(client, ec2::FlowLogsResourceType::Vpc, &logged, ec2::TrafficType::All).await;
        // A log of one subnet is not a log of its VPC.
        self.flow_log(client, ec2::FlowLogsResourceType::Subnet, &alone, ec2::TrafficType::Reject).await;

        let gateway = client.create_internet_gateway().send().await.unwrap();
        let gateway = gateway.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned();
        client.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&logged).send().await.unwrap();
        let table = client.create_route_table().vpc_id(&logged).send().await.unwrap();
        let table = table.route_table().unwrap().route_table_id().unwrap().to_owned();
        client
            .create_route()
            .route_table_id(&table)
            .destination_cidr_block("0.0.0.0/0")
            .gateway_id(&gateway)
            .send()
            .await
            .unwrap();
        client.associate_route_table().route_table_id(&table).subnet_id(&a).send().await.unwrap();
        let address = client.allocate_address().domain(ec2::DomainType::Vpc).send().await.unwrap();
        client.create_nat_gateway().subnet_id(&a).allocation_id(address.allocation_id().unwrap()).send().await.unwrap();
        client.allocate_address().domain(ec2::DomainType::Vpc).send().await.unwrap();
        let acl = client.create_network_acl().vpc_id(&logged).send().await.unwrap();
        let acl = acl.network_acl().unwrap().network_acl_id().unwrap();
        self.label("network-acl-web", acl);
        client
            .create_network_acl_entry()
            .network_acl_id(acl)
            .rule_number(100)
            .protocol("6")
            .rule_action(ec2::RuleAction::Allow)
            .egress(false)
            .cidr_block("0.0.0.0/0")
            .port_range(ec2::PortRange::builder().from(443).to(443).build())
            .send()
            .await
            .unwrap();
        client
            .create_vpc_endpoint()
            .vpc_id(&logged)
            .service_name("com.amazonaws.us-east-1.s3")
            .route_table_ids(&table)
            .send()
            .await
            .unwrap();

        self.security_groups(client, &logged, &a).await;
    }

    async fn security_groups(&mut self, client: &aws_sdk_ec2::Client, vpc: &str, subnet: &str) {
        let world = ["0.0.0.0/0"];
        let world6 = ["::/0"];
        let groups: [(&str, &[Ingress<'_>]); 14] = [
            ("sg-ssh-world", &[("tcp", 22, 22, &world)]),
            ("sg-ssh-world-v6", &[("tcp", 22, 22, &world6)]),
            ("sg-ssh-within-range", &[("tcp", 20, 30, &world)]),
            ("sg-all-traffic", &[("-1", -1, -1, &world)]),
            ("sg-office", &[("tcp", 22, 22, &["203.0.113.0/24"]), ("tcp", 3306, 3306, &["203.0.113.0/24"])]),
            ("sg-second-source-world", &[("tcp", 22, 22, &["203.0.113.0/24", "0.0.0.0/0"])]),
            ("sg-udp-22", &[("udp", 22, 22, &world)]),
            ("sg-web", &[("tcp", 443, 443, &world), ("tcp", 80, 80, &world)]),
            ("sg-mysql-world", &[("tcp", 3306, 3306, &world)]),
            ("sg-mysql-world-v6", &[("tcp", 3306, 3306, &world6)]),
            ("sg-alternative-web", &[("tcp", 8443, 8443, &world)]),
            ("sg-ping", &[("icmp", 8, -1, &world)]),
            ("sg-half-of-the-world", &[("tcp", 22, 22, &["0.0.0.0/1"])]),
            ("sg-nothing-in", &[]),
        ];
        let mut made = Vec::new();
        for (name, rules) in groups {
            let group = client
                .create_security_group()
                .group_name(name)
                .description(format!("{name} of the tests"))
                .vpc_id(vpc)
                .tag_specifications(named(ec2::ResourceType::SecurityGroup, name))
                .send()
                .await
                .unwrap();
            let id = group.group_id().unwrap().to_owned();
            for (protocol, from, to, sources) in rules {
                client
                    .authorize_security_group_ingress()
                    .group_id(&id)
                    .ip_permissions(permission(protocol, *from, *to, sources))
                    .send()
                    .await
                    .unwrap();
            }
            made.push(id.clone());
            self.label(name, id);
        }
        for (name, entry) in [("sg-list-of-offices", "203.0.113.0/24"), ("sg-list-of-world", "0.0.0.0/0")] {
            let list = client
                .create_managed_prefix_list()
                .prefix_list_name(name)
                .address_family("IPv4")
                .max_entries(3)
                .entries(ec2::AddPrefixListEntry::builder().cidr(entry).build())
                .send()
                .await
                .unwrap();
            let list = list.prefix_list().unwrap().prefix_list_id().unwrap().to_owned();
            let group =
                client.create_security_group().group_name(name).description(name).vpc_id(vpc).send().await.unwrap();
            let id = group.group_id().unwrap().to_owned();
            let source = ec2::PrefixListId::builder().prefix_list_id(list).build();
            let permission =
                ec2::IpPermission::builder().ip_protocol("tcp").from_port(8443).to_port(8443).prefix_list_ids(source);
            client
                .authorize_security_group_ingress()
                .group_id(&id)
                .ip_permissions(permission.build())
                .send()
                .await
                .unwrap();
            made.push(id.clone());
            self.label(name, id);
        }
        // In use, each of them: AWS lets an interface have five.
        for groups in made.chunks(5) {
            client.create_network_interface().subnet_id(subnet).set_groups(Some(groups.to_vec())).send().await.unwrap();
        }
    }

    async fn machines(&mut self, client: &aws_sdk_ec2::Client) {
        let image = client
            .register_image()
            .name("base")
            .architecture(ec2::ArchitectureValues::X8664)
            .root_device_name("/dev/sda1")
            .send()
            .await
            .unwrap();
        let image = image.image_id().unwrap().to_owned();
        self.label("image", &image);
        for (name, tokens, subnet) in [
            ("instance-imdsv2", ec2::HttpTokensState::Required, "subnet-a"),
            ("instance-imdsv1", ec2::HttpTokensState::Optional, "subnet-a"),
            ("instance-stopped-imdsv1", ec2::HttpTokensState::Optional, "subnet-b"),
        ] {
            let made = client
                .run_instances()
                .image_id(&image)
                .instance_type(ec2::InstanceType::T3Micro)
                .min_count(1)
                .max_count(1)
                .subnet_id(&self.labels[subnet])
                .security_group_ids(&self.labels["sg-web"])
                .metadata_options(ec2::InstanceMetadataOptionsRequest::builder().http_tokens(tokens).build())
                .user_data("cGFzc3dvcmQ9c3dvcmRmaXNo")
                .tag_specifications(named(ec2::ResourceType::Instance, name))
                .send()
                .await
                .unwrap();
            self.label(name, made.instances()[0].instance_id().unwrap());
            let id = &self.labels[name];
            let said = client.describe_instances().instance_ids(id).send().await.unwrap();
            let root = said.reservations()[0].instances()[0].block_device_mappings()[0].ebs().unwrap();
            let root = root.volume_id().unwrap().to_owned();
            self.label(&format!("root-volume-of-{name}"), root);
        }
        client.stop_instances().instance_ids(&self.labels["instance-stopped-imdsv1"]).send().await.unwrap();
        let data = ec2::RequestLaunchTemplateData::builder().image_id(&image).instance_type(ec2::InstanceType::T3Micro);
        client
            .create_launch_template()
            .launch_template_name("fleet")
            .launch_template_data(data.build())
            .send()
            .await
            .unwrap();
    }

    async fn disks(&mut self, client: &aws_sdk_ec2::Client) {
        for (name, encrypted, device) in [
            ("volume-encrypted", true, Some("/dev/sdf")),
            ("volume-plain", false, Some("/dev/sdg")),
            ("volume-plain-detached", false, None),
        ] {
            let made = client
                .create_volume()
                .availability_zone("us-east-1a")
                .size(8)
                .encrypted(encrypted)
                .tag_specifications(named(ec2::ResourceType::Volume, name))
                .send()
                .await
                .unwrap();
            let id = made.volume_id().unwrap().to_owned();
            if let Some(device) = device {
                client
                    .attach_volume()
                    .volume_id(&id)
                    .instance_id(&self.labels["instance-imdsv2"])
                    .device(device)
                    .send()
                    .await
                    .unwrap();
            }
            self.label(name, id);
        }
        for (name, group, account) in [
            ("snapshot-private", None, None),
            ("snapshot-shared", None, Some("444455556666")),
            ("snapshot-public", Some("all"), None),
        ] {
            let made = client
                .create_snapshot()
                .volume_id(&self.labels["volume-plain"])
                .description(name)
                .tag_specifications(named(ec2::ResourceType::Snapshot, name))
                .send()
                .await
                .unwrap();
            let id = made.snapshot_id().unwrap().to_owned();
            if group.is_some() || account.is_some() {
                client
                    .modify_snapshot_attribute()
                    .snapshot_id(&id)
                    .attribute(ec2::SnapshotAttributeName::CreateVolumePermission)
                    .operation_type(ec2::OperationType::Add)
                    .set_group_names(group.map(|group| vec![group.to_owned()]))
                    .set_user_ids(account.map(|account| vec![account.to_owned()]))
                    .send()
                    .await
                    .unwrap();
            }
            self.label(name, id);
        }
    }

    async fn other_region(&mut self, client: &aws_sdk_ec2::Client) {
        let default = client.describe_vpcs().send().await.unwrap().vpcs()[0].vpc_id().unwrap().to_owned();
        self.label("other-default-sg-of-default-vpc", default_group(client, &default).await);
        self.label("other-vpc-default", default);
        let vpc = self.vpc(client, "other-vpc-logged", "10.3.0.0/16").await;
        self.label("other-default-sg-as-made", default_group(client, &vpc).await);
        self.flow_log(client, ec2::FlowLogsResourceType::Vpc, &vpc, ec2::TrafficType::Reject).await;
        client.enable_ebs_encryption_by_default().send().await.unwrap();
        let volume = client
            .create_volume()
            .availability_zone("eu-west-1a")
            .size(8)
            .encrypted(true)
            .tag_specifications(named(ec2::ResourceType::Volume, "other-volume-detached"))
            .send()
            .await
            .unwrap();
        self.label("other-volume-detached", volume.volume_id().unwrap());
    }

    async fn vpc(&mut self, client: &aws_sdk_ec2::Client, name: &str, block: &str) -> String {
        let made = client
            .create_vpc()
            .cidr_block(block)
            .tag_specifications(named(ec2::ResourceType::Vpc, name))
            .send()
            .await
            .unwrap();
        let id = made.vpc().unwrap().vpc_id().unwrap().to_owned();
        self.label(name, &id);
        id
    }

    async fn subnet(&mut self, client: &aws_sdk_ec2::Client, name: &str, vpc: &str, block: &str, zone: &str) -> String {
        let made = client
            .create_subnet()
            .vpc_id(vpc)
            .cidr_block(block)
            .availability_zone(zone)
            .tag_specifications(named(ec2::ResourceType::Subnet, name))
            .send()
            .await
            .unwrap();
        let id = made.subnet().unwrap().subnet_id().unwrap().to_owned();
        self.label(name, &id);
        id
    }

    async fn flow_log(
        &self,
        client: &aws_sdk_ec2::Client,
        of: ec2::FlowLogsResourceType,
        id: &str,
        traffic: ec2::TrafficType,
    ) {
        let made = client
            .create_flow_logs()
            .resource_type(of)
            .resource_ids(id)
            .traffic_type(traffic)
            .log_destination_type(ec2::LogDestinationType::S3)
            .log_destination("arn:aws:s3:::bucket-logs")
            .send()
            .await
            .unwrap();
        assert!(made.unsuccessful().is_empty(), "{made:?}");
    }

    // --- S3 ----------------------------------------------------------------------------------------------------------

    async fn buckets(&mut self, home: &aws_sdk_s3::Client, other: &aws_sdk_s3::Client) {
        for name in [
            "bucket-logs",
            "bucket-clean",
            "bucket-bare",
            "bucket-read-by-policy",
            "bucket-write-by-policy",
            "bucket-read-by-acl",
            "bucket-write-by-acl",
            "bucket-acl-ignored",
            "bucket-policy-restricted",
            "bucket-policy-for-one-account",
            "bucket-versioning-suspended",
            "bucket-tls-for-reads-only",
        ] {
            home.create_bucket().bucket(name).send().await.unwrap();
            self.label(name, name);
        }
        let place = s3::BucketLocationConstraint::EuWest1;
        other
            .create_bucket()
            .bucket("other-bucket")
            .create_bucket_configuration(s3::CreateBucketConfiguration::builder().location_constraint(place).build())
            .send()
            .await
            .unwrap();
        self.label("other-bucket", "other-bucket");
        other.put_bucket_policy().bucket("other-bucket").policy(tls_only("other-bucket")).send().await.unwrap();

        clean_bucket(home).await;
        for (bucket, action, principal) in [
            ("bucket-read-by-policy", "s3:GetObject", json!("*")),
            ("bucket-write-by-policy", "s3:PutObject", json!({"AWS": "*"})),
            ("bucket-policy-restricted", "s3:GetObject", json!("*")),
            ("bucket-policy-for-one-account", "s3:GetObject", json!({"AWS": "arn:aws:iam::444455556666:root"})),
        ] {
            let policy = json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": principal,
                    "Action": action,
                    "Resource": format!("arn:aws:s3:::{bucket}/*"),
                }],
            });
            home.put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await.unwrap();
        }
        // Not by canned ACLs: moto would show only the first of the two grants.
        let everyone = "uri=http://acs.amazonaws.com/groups/global/AllUsers";
        home.put_bucket_acl().bucket("bucket-read-by-acl").grant_read(everyone).send().await.unwrap();
        for bucket in ["bucket-write-by-acl", "bucket-acl-ignored"] {
            home.put_bucket_acl().bucket(bucket).grant_read(everyone).grant_write(everyone).send().await.unwrap();
        }
        for (bucket, ignore_acls, restrict) in
            [("bucket-acl-ignored", true, false), ("bucket-policy-restricted", false, true)]
        {
            let block = s3::PublicAccessBlockConfiguration::builder()
                .block_public_acls(false)
                .ignore_public_acls(ignore_acls)
                .block_public_policy(false)
                .restrict_public_buckets(restrict);
            home.put_public_access_block()
                .bucket(bucket)
                .public_access_block_configuration(block.build())
                .send()
                .await
                .unwrap();
        }
        versioning(home, "bucket-versioning-suspended", s3::BucketVersioningStatus::Enabled).await;
        versioning(home, "bucket-versioning-suspended", s3::BucketVersioningStatus::Suspended).await;
        let reads_only = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::bucket-tls-for-reads-only/*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }],
        });
        home.put_bucket_policy()
            .bucket("bucket-tls-for-reads-only")
            .policy(reads_only.to_string())
            .send()
            .await
            .unwrap();
    }
}

/// The bucket of which no rule has anything to say.
async fn clean_bucket(client: &aws_sdk_s3::Client) {
    let bucket = "bucket-clean";
    let block = s3::PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true);
    client
        .put_public_access_block()
        .bucket(bucket)
        .public_access_block_configuration(block.build())
        .send()
        .await
        .unwrap();
    client.put_bucket_policy().bucket(bucket).policy(tls_only(bucket)).send().await.unwrap();
    versioning(client, bucket, s3::BucketVersioningStatus::Enabled).await;
    let by_default =
        s3::ServerSideEncryptionByDefault::builder().sse_algorithm(s3::ServerSideEncryption::Aes256).build().unwrap();
    let rule = s3::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        .bucket_key_enabled(true)
        .build();
    client
        .put_bucket_encryption()
        .bucket(bucket)
        .server_side_encryption_configuration(
            s3::ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap(),
        )
        .send()
        .await
        .unwrap();
    let delivery = "uri=http://acs.amazonaws.com/groups/s3/LogDelivery";
    client.put_bucket_acl().bucket("bucket-logs").grant_write(delivery).grant_read_acp(delivery).send().await.unwrap();
    let target = s3::LoggingEnabled::builder().target_bucket("bucket-logs").target_prefix("clean/").build().unwrap();
    client
        .put_bucket_logging()
        .bucket(bucket)
        .bucket_logging_status(s3::BucketLoggingStatus::builder().logging_enabled(target).build())
        .send()
        .await
        .unwrap();
    let tag = s3::Tag::builder().key("team").value("billing & more").build().unwrap();
    client
        .put_bucket_tagging()
        .bucket(bucket)
        .tagging(s3::Tagging::builder().tag_set(tag).build().unwrap())
        .send()
        .await
        .unwrap();
}

async fn versioning(client: &aws_sdk_s3::Client, bucket: &str, status: s3::BucketVersioningStatus) {
    client
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(s3::VersioningConfiguration::builder().status(status).build())
        .send()
        .await
        .unwrap();
}

fn tls_only(bucket: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }],
    })
    .to_string()
}

fn allow(action: &serde_json::Value, resource: &serde_json::Value) -> serde_json::Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}],
    })
}

fn named(of: ec2::ResourceType, name: &str) -> ec2::TagSpecification {
    let tag = ec2::Tag::builder().key("Name").value(name).build();
    ec2::TagSpecification::builder().resource_type(of).tags(tag).build()
}

fn permission(protocol: &str, from: i32, to: i32, sources: &[&str]) -> ec2::IpPermission {
    let mut permission = ec2::IpPermission::builder().ip_protocol(protocol);
    if protocol != "-1" {
        permission = permission.from_port(from).to_port(to);
    }
    for source in sources {
        permission = if source.contains(':') {
            permission.ipv6_ranges(ec2::Ipv6Range::builder().cidr_ipv6(*source).build())
        } else {
            permission.ip_ranges(ec2::IpRange::builder().cidr_ip(*source).build())
        };
    }
    permission.build()
}

async fn default_group(client: &aws_sdk_ec2::Client, vpc: &str) -> String {
    let groups = client
        .describe_security_groups()
        .filters(ec2::Filter::builder().name("vpc-id").values(vpc).build())
        .filters(ec2::Filter::builder().name("group-name").values("default").build())
        .send()
        .await
        .unwrap();
    groups.security_groups()[0].group_id().unwrap().to_owned()
}

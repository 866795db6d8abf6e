//! The kinds of event that somebody should be told of, after the CIS benchmark for AWS (its part 4). Which events they are
//! stands beside the rules that ask for the same (`rules/lib/events.rhai`).

use clap::ValueEnum;

/// A kind of event, after the benchmark's controls 4.1 to 4.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// 4.3: the root user signs in
    RootSignIn,
    /// 4.1: a call is refused for want of permission
    UnauthorizedCalls,
    /// 4.2: somebody signs in to the console without a second factor
    SignInWithoutMfa,
    /// 4.4: an IAM policy changes
    IamPolicyChanges,
    /// 4.5: a trail changes, or stops
    TrailChanges,
    /// 4.6: a sign-in to the console fails
    FailedSignIns,
    /// 4.7: a KMS key is disabled, or is going to be deleted
    KeyDeletion,
    /// 4.8: the policy of a bucket changes
    BucketPolicyChanges,
    /// 4.9: AWS Config changes, or stops
    ConfigChanges,
    /// 4.10: a security group changes
    SecurityGroupChanges,
    /// 4.11: a network ACL changes
    NetworkAclChanges,
    /// 4.12: a gateway to other networks changes
    GatewayChanges,
    /// 4.13: a route table changes
    RouteTableChanges,
    /// 4.14: a VPC changes
    VpcChanges,
    /// 4.15: the organization changes
    OrganizationChanges,
}

impl Kind {
    /// The name by which the command and the rules know it.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |one| one.get_name().to_owned())
    }
}

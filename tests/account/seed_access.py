"""Fills the test account with what its access from outside depends on: certificates, analyzers, and the way to AWS Support;
`seed.py` calls it.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def old_certificate(name, days):
    """A certificate by itself and its key, valid for so many days more. The key is no secret: always the same."""
    key = ec.derive_private_key(1, ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(2025)
        .not_valid_before(now - datetime.timedelta(days=365 - days))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), key.private_bytes(pem, *plain)


def upload_certificate(iam, name, days):
    """Into IAM, under its name."""
    certificate, key = old_certificate(f"{name}.example.com", days)
    iam.upload_server_certificate(
        ServerCertificateName=name, CertificateBody=certificate.decode(), PrivateKey=key.decode()
    )


def everything(seed, home, other):
    iam = seed.client("iam", home)
    for name, days in [("certificate-valid", 40), ("certificate-expired", -3)]:
        upload_certificate(iam, name, days)
        seed.label(name, name)
    # One that counts in one region, and in the other one that watches something else.
    seed.client("accessanalyzer", home).create_analyzer(analyzerName="external", type="ACCOUNT")
    seed.client("accessanalyzer", other).create_analyzer(analyzerName="unused", type="ACCOUNT_UNUSED_ACCESS")
    iam.attach_group_policy(GroupName="empty", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    ec2 = seed.client("ec2", home)
    acl = ec2.create_network_acl(VpcId=seed.made["vpc-logged"])["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=100,
        Protocol="17",
        RuleAction="allow",
        Egress=False,
        CidrBlock="0.0.0.0/0",
        PortRange={"From": 3300, "To": 3400},
    )
    seed.label("network-acl-desktops", acl)


def flip(seed, home):
    # A group counts as soon as it has a user.
    iam = seed.client("iam", home)
    support = "arn:aws:iam::aws:policy/AWSSupportAccess"
    iam.attach_group_policy(GroupName="people", PolicyArn=support)

"""Fills the test account with the services beside machines, networks and databases; `seed.py` calls it."""

import json


def interfaces(seed, home):
    waf = seed.client("wafv2", home)
    arns = {}
    for name, scope, logged in [
        ("acl-logged", "REGIONAL", True),
        ("acl-silent", "REGIONAL", False),
        ("acl-edge-logged", "CLOUDFRONT", True),
        ("acl-edge-silent", "CLOUDFRONT", False),
    ]:
        seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
        made = waf.create_web_acl(Name=name, Scope=scope, DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[])
        arns[name] = made["Summary"]["ARN"]
        if logged:
            waf.put_logging_configuration(
                LoggingConfiguration={
                    "ResourceArn": arns[name],
                    "LogDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-acl"],
                }
            )
        seed.label(name, made["Summary"]["Id"])

    rest = seed.client("apigateway", home)
    api = rest.create_rest_api(name="orders")["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = rest.create_deployment(restApiId=api)["id"]
    for stage, patches in [
        ("stage-bare", {}),
        ("stage-logs-errors", {"/*/*/logging/loglevel": "ERROR"}),
        ("stage-logs-off", {"/*/*/logging/loglevel": "OFF"}),
        ("stage-one-method-silent", {"/*/*/logging/loglevel": "INFO", "/~1/GET/logging/loglevel": "OFF"}),
        (
            "stage-cache-encrypted",
            {
                "/cacheClusterEnabled": "true",
                "/cacheClusterSize": "0.5",
                "/*/*/caching/enabled": "true",
                "/*/*/caching/dataEncrypted": "true",
            },
        ),
        (
            "stage-cache-plain",
            {
                "/cacheClusterEnabled": "true",
                "/cacheClusterSize": "0.5",
                "/*/*/caching/enabled": "true",
                "/*/*/caching/dataEncrypted": "false",
            },
        ),
    ]:
        rest.create_stage(restApiId=api, stageName=stage, deploymentId=deployment)
        if patches:
            operations = [{"op": "replace", "path": path, "value": value} for path, value in patches.items()]
            rest.update_stage(restApiId=api, stageName=stage, patchOperations=operations)
        arn = f"arn:aws:apigateway:{home}::/restapis/{api}/stages/{stage}"
        seed.label(stage, arn)
    waf.associate_web_acl(WebACLArn=arns["acl-silent"], ResourceArn=seed.labels["stage-logs-errors"])

    web = seed.client("apigatewayv2", home)
    for name, protocol, level in [
        ("stage-http", "HTTP", None),
        ("stage-websocket-silent", "WEBSOCKET", "OFF"),
        ("stage-websocket-logs", "WEBSOCKET", "INFO"),
    ]:
        selection = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
        made = web.create_api(Name=name, ProtocolType=protocol, **selection)["ApiId"]
        web.create_stage(ApiId=made, StageName="live", DefaultRouteSettings={"LoggingLevel": level} if level else {})
        seed.label(name, f"arn:aws:apigateway:{home}::/apis/{made}/stages/live")


def searches(seed, home):
    encrypted = {
        "EncryptionAtRestOptions": {"Enabled": True},
        "NodeToNodeEncryptionOptions": {"Enabled": True},
    }
    plain = {
        "EncryptionAtRestOptions": {"Enabled": False},
        "NodeToNodeEncryptionOptions": {"Enabled": False},
    }
    inside = {"VPCOptions": {"SubnetIds": [seed.made["subnet-a"]], "SecurityGroupIds": [seed.made["sg-office"]]}}
    group = f"arn:aws:logs:{home}:{seed.account}:log-group:search"
    logged = {"LogPublishingOptions": {"ES_APPLICATION_LOGS": {"CloudWatchLogsLogGroupArn": group, "Enabled": True}}}

    search = seed.client("opensearch", home)
    search.create_domain(DomainName="search-safe", EngineVersion="OpenSearch_2.19", **encrypted, **inside, **logged)
    search.create_domain(DomainName="search-open", EngineVersion="OpenSearch_2.19", **plain)
    seed.label("search-safe", "search-safe")
    seed.label("search-open", "search-open")
    elastic = seed.client("es", home)
    elastic.create_elasticsearch_domain(DomainName="elastic-safe", ElasticsearchVersion="7.10", **encrypted, **inside, **logged)
    elastic.create_elasticsearch_domain(DomainName="elastic-open", ElasticsearchVersion="7.10", **plain)
    seed.label("elastic-safe", f"{seed.account}/elastic-safe")
    seed.label("elastic-open", f"{seed.account}/elastic-open")


def builds(seed, home):
    codebuild = seed.client("codebuild", home)
    for name, source, variables in [
        ("build-clean", {"type": "BITBUCKET", "location": "https://bitbucket.org/a/b.git"}, []),
        ("build-open", {"type": "BITBUCKET", "location": "https://name:word@bitbucket.org/a/b.git"}, ["AWS_SECRET_ACCESS_KEY"]),
        ("build-github", {"type": "GITHUB", "location": "https://github.com/a/b.git"}, ["STAGE"]),
    ]:
        made = codebuild.create_project(
            name=name,
            source=source,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": variable, "value": "swordfish"} for variable in variables],
            },
            serviceRole=seed.made["role-service"],
        )
        seed.label(name, made["project"]["arn"])


def caches(seed, home):
    cache = seed.client("elasticache", home)
    for name, days in [("group-kept", 15), ("group-short", 14)]:
        cache.create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription=name,
            Engine="redis",
            CacheNodeType="cache.t4g.small",
            SnapshotRetentionLimit=days,
        )
        seed.label(name, name)
    for name, engine, days in [("cache-kept", "redis", 35), ("cache-short", "redis", 1), ("cache-memcached", "memcached", None)]:
        kept = {"SnapshotRetentionLimit": days} if days else {}
        cache.create_cache_cluster(
            CacheClusterId=name, Engine=engine, CacheNodeType="cache.t4g.small", NumCacheNodes=1, **kept
        )
        seed.label(name, name)


def warehouses(seed, home):
    redshift = seed.client("redshift", home)
    for name, encrypted, public, days, upgrades in [
        ("warehouse-safe", True, False, 7, True),
        ("warehouse-open", False, True, 0, False),
    ]:
        key = {"KmsKeyId": seed.labels["key-rotated"]} if encrypted else {}
        redshift.create_cluster(
            ClusterIdentifier=name,
            NodeType="ra3.large",
            ClusterType="single-node",
            MasterUsername="admin",
            MasterUserPassword="Correct-horse-8attery",
            Encrypted=encrypted,
            PubliclyAccessible=public,
            AutomatedSnapshotRetentionPeriod=days,
            AllowVersionUpgrade=upgrades,
            **key,
        )
        seed.label(name, name)
    redshift.enable_logging(ClusterIdentifier="warehouse-safe", BucketName=seed.made["bucket-logs"])

    dms = seed.client("dms", home)
    for name, public in [("replication-inside", False), ("replication-public", True)]:
        made = dms.create_replication_instance(
            ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.medium", PubliclyAccessible=public
        )
        seed.label(name, made["ReplicationInstance"]["ReplicationInstanceArn"])


def learning(seed, home):
    sagemaker = seed.client("sagemaker", home)
    role = seed.made["role-service"]
    for name, access, key in [("notebook-inside", "Disabled", True), ("notebook-open", "Enabled", False)]:
        made = sagemaker.create_notebook_instance(
            NotebookInstanceName=name,
            InstanceType="ml.t3.medium",
            RoleArn=role,
            SubnetId=seed.made["subnet-a"],
            SecurityGroupIds=[seed.made["sg-office"]],
            DirectInternetAccess=access,
            **({"KmsKeyId": seed.labels["key-rotated"]} if key else {}),
        )
        seed.label(name, made["NotebookInstanceArn"])
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=role, PrimaryContainer={"Image": "model:1"})
    variant = {"VariantName": "all", "ModelName": "model", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    for name, key in [("endpoint-keyed", True), ("endpoint-plain", False)]:
        made = sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[variant],
            **({"KmsKeyId": seed.labels["key-rotated"]} if key else {}),
        )
        seed.label(name, made["EndpointConfigArn"])


def websites(seed, home):
    beanstalk = seed.client("elasticbeanstalk", home)
    beanstalk.create_application(ApplicationName="site")
    for name, updates in [("site-updated", "true"), ("site-stale", "false")]:
        option = {"Namespace": "aws:elasticbeanstalk:managedactions", "OptionName": "ManagedActionsEnabled", "Value": updates}
        made = beanstalk.create_environment(
            ApplicationName="site",
            EnvironmentName=name,
            SolutionStackName="64bit Amazon Linux 2023 v4.5.2 running Python 3.13",
            OptionSettings=[option],
        )
        seed.label(name, made["EnvironmentId"])


def clusters(seed, home):
    emr = seed.client("emr", home)
    kerberos = {
        "Provider": "ClusterDedicatedKdc",
        "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24},
    }
    for name, configuration in [
        ("cluster-kerberos", {"AuthenticationConfiguration": {"KerberosConfiguration": kerberos}}),
        ("cluster-trusting", {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}),
    ]:
        emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(configuration))
        # Without nodes: moto would make machines of them.
        made = emr.run_job_flow(
            Name=name,
            ReleaseLabel="emr-7.8.0",
            SecurityConfiguration=name,
            ServiceRole="EMR_DefaultRole",
            JobFlowRole="EMR_EC2_DefaultRole",
            Instances={"KeepJobFlowAliveWhenNoSteps": True, "Ec2SubnetId": seed.made["subnet-a"]},
        )
        seed.label(name, made["JobFlowId"])


def everything(seed, home):
    interfaces(seed, home)
    searches(seed, home)
    builds(seed, home)
    caches(seed, home)
    warehouses(seed, home)
    learning(seed, home)
    websites(seed, home)
    clusters(seed, home)

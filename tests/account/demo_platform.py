"""What the demonstration's shop runs besides machines, functions and databases: interfaces, searches, builds, caches, the
warehouse and what feeds it. `demo.py` makes all of it.
"""

from seed import OTHER


def interfaces(shop):
    acl = web_acl(shop.at_home("wafv2"), "shop-api", "REGIONAL")
    site = web_acl(shop.at_home("wafv2"), "shop-site", "CLOUDFRONT")
    shop.at_home("wafv2").put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": site,
            "LogDestinationConfigs": [shop.arn("firehose", "deliverystream/aws-waf-logs-site")],
        }
    )

    rest = shop.at_home("apigateway")
    api = rest.create_rest_api(name="orders", tags={"team": "shop"})["id"]
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="AWS_IAM")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = rest.create_deployment(restApiId=api)["id"]
    for stage, tags in [("prod", {"team": "shop"}), ("beta", {})]:
        rest.create_stage(restApiId=api, stageName=stage, deploymentId=deployment, tags=tags)
    rest.update_stage(
        restApiId=api,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/cacheClusterEnabled", "value": "true"},
            {"op": "replace", "path": "/cacheClusterSize", "value": "0.5"},
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"},
            {"op": "replace", "path": "/*/*/caching/enabled", "value": "true"},
            {"op": "replace", "path": "/*/*/caching/dataEncrypted", "value": "true"},
        ],
    )
    stage = f"arn:aws:apigateway:{rest.meta.region_name}::/restapis/{api}/stages/prod"
    shop.at_home("wafv2").associate_web_acl(WebACLArn=acl, ResourceArn=stage)

    web = shop.client("apigatewayv2", OTHER)
    made = web.create_api(Name="status", ProtocolType="HTTP")["ApiId"]
    web.create_stage(ApiId=made, StageName="live")
    sockets = shop.at_home("apigatewayv2")
    made = sockets.create_api(
        Name="tracking", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    sockets.create_stage(ApiId=made, StageName="live", DefaultRouteSettings={"DataTraceEnabled": False})


def web_acl(waf, name, scope):
    seen = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    made = waf.create_web_acl(Name=name, Scope=scope, DefaultAction={"Allow": {}}, VisibilityConfig=seen, Rules=[])
    return made["Summary"]["ARN"]


def searches(shop):
    cluster = {"InstanceType": "r6g.large.search", "InstanceCount": 1}
    search = shop.at_home("opensearch")
    search.create_domain(
        DomainName="products",
        EngineVersion="OpenSearch_2.19",
        ClusterConfig=cluster,
        EncryptionAtRestOptions={"Enabled": True, "KmsKeyId": shop.key["Arn"]},
        NodeToNodeEncryptionOptions={"Enabled": True},
        VPCOptions={"SubnetIds": shop.subnets[:1], "SecurityGroupIds": [shop.groups["shop-web"]]},
        TagList=[{"Key": "team", "Value": "shop"}],
    )
    shop.at_home("es").create_elasticsearch_domain(
        DomainName="legacy-logs",
        ElasticsearchVersion="7.10",
        ElasticsearchClusterConfig={"InstanceType": "m5.large.elasticsearch", "InstanceCount": 1},
        EncryptionAtRestOptions={"Enabled": False},
        NodeToNodeEncryptionOptions={"Enabled": False},
    )


def builds(shop):
    codebuild = shop.at_home("codebuild")
    machine = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"}
    for name, repository, variables in [
        ("shop", "https://bitbucket.org/shop/shop.git", [("STAGE", "prod")]),
        ("shop-infra", "https://deploy:correct-horse@bitbucket.org/shop/infra.git", [("AWS_ACCESS_KEY_ID", "not-a-key")]),
    ]:
        codebuild.create_project(
            name=name,
            source={"type": "BITBUCKET", "location": repository},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                **machine,
                "environmentVariables": [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables],
            },
            serviceRole=shop.role,
        )


def caches(shop):
    cache = shop.at_home("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="who is in the shop",
        Engine="redis",
        CacheNodeType="cache.t4g.small",
        SnapshotRetentionLimit=1,
    )
    cache.create_cache_cluster(
        CacheClusterId="carts", Engine="redis", CacheNodeType="cache.t4g.small", NumCacheNodes=1, SnapshotRetentionLimit=35
    )


def warehouse(shop):
    redshift = shop.at_home("redshift")
    redshift.create_cluster_parameter_group(
        ParameterGroupName="warehouse", ParameterGroupFamily="redshift-2.0", Description="as it came"
    )
    redshift.create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.large",
        ClusterType="multi-node",
        NumberOfNodes=2,
        MasterUsername="shop",
        MasterUserPassword="Correct-horse-8attery",
        ClusterParameterGroupName="warehouse",
        Encrypted=True,
        KmsKeyId=shop.key["Arn"],
        PubliclyAccessible=True,
        AutomatedSnapshotRetentionPeriod=7,
        Tags=[{"Key": "team", "Value": "data"}],
    )

    dms = shop.client("dms", OTHER)
    dms.create_replication_instance(
        ReplicationInstanceIdentifier="orders-to-warehouse",
        ReplicationInstanceClass="dms.t3.medium",
        AllocatedStorage=50,
        PubliclyAccessible=True,
    )

    emr = shop.at_home("emr")
    emr.create_security_configuration(
        Name="in-transit", SecurityConfiguration='{"EncryptionConfiguration": {"EnableInTransitEncryption": true}}'
    )
    emr.run_job_flow(
        Name="nightly-figures",
        ReleaseLabel="emr-7.8.0",
        SecurityConfiguration="in-transit",
        ServiceRole="EMR_DefaultRole",
        JobFlowRole="EMR_EC2_DefaultRole",
        VisibleToAllUsers=True,
        Instances={
            "InstanceGroups": [
                {"Name": "primary", "InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
                {"Name": "core", "InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1},
            ],
            "KeepJobFlowAliveWhenNoSteps": True,
            "Ec2SubnetId": shop.subnets[0],
        },
    )


def learning(shop):
    sagemaker = shop.at_home("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="forecasts", InstanceType="ml.t3.medium", RoleArn=shop.role, DirectInternetAccess="Enabled"
    )
    sagemaker.create_model(
        ModelName="forecast", ExecutionRoleArn=shop.role, PrimaryContainer={"Image": "forecast:7", "ModelDataUrl": "s3://shop-models/forecast.tar.gz"}
    )
    variant = {"VariantName": "all", "ModelName": "forecast", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="forecast", ProductionVariants=[variant], KmsKeyId=shop.key["Arn"])


def website(shop):
    beanstalk = shop.at_home("elasticbeanstalk")
    beanstalk.create_application(ApplicationName="storefront")
    beanstalk.create_environment(
        ApplicationName="storefront",
        EnvironmentName="storefront-prod",
        SolutionStackName="64bit Amazon Linux 2023 v4.5.2 running Python 3.13",
        OptionSettings=[
            {"Namespace": f"aws:{namespace}", "OptionName": name, "Value": value}
            for namespace, name, value in [
                ("autoscaling:asg", "MinSize", "2"),
                ("autoscaling:asg", "MaxSize", "6"),
                ("elasticbeanstalk:application:environment", "STAGE", "production"),
                ("elasticbeanstalk:environment", "EnvironmentType", "LoadBalanced"),
                ("elasticbeanstalk:managedactions", "ManagedActionsEnabled", "false"),
            ]
        ],
        Tags=[{"Key": "team", "Value": "shop"}],
    )


def everything(shop):
    interfaces(shop)
    searches(shop)
    builds(shop)
    caches(shop)
    warehouse(shop)
    learning(shop)
    website(shop)

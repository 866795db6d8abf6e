"""A metric filter and an alarm on what it counts, in the form that the CIS AWS Foundations Benchmark asks for."""


def count(logs, group, name, pattern, namespace, metric):
    """Counts the events of a pattern, one for each."""
    logs.put_metric_filter(
        logGroupName=group,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[{"metricName": metric, "metricNamespace": namespace, "metricValue": "1"}],
    )


def ring(cloudwatch, name, namespace, metric, topic, **further):
    """Notifies a topic of the first of them."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[topic],
        **further,
    )


def one_of(calls):
    """The pattern of calls of these names."""
    return "{ " + " || ".join(f"($.eventName = {call})" for call in calls) + " }"

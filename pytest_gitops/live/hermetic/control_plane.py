"""etcd, Kubernetes' programs and kwok, with the flags that make them quick and quiet."""

from __future__ import annotations

from pathlib import Path

from pytest_gitops.live.hermetic.ports import LOOPBACK

# Admission that asks webhooks would wait for what doesn't run here; the others need kubelets or fill in defaults that
# only matter where something is scheduled for real.
ADMISSION_OFF = (
    "TaintNodesByCondition",
    "DefaultTolerationSeconds",
    "StorageObjectInUseProtection",
    "PersistentVolumeClaimResize",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionWebhook",
)
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "namespace-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
    "token-cleaner-controller",
)
# Features that allow more where a cluster turns them on. Git can't tell whether it does, so what they allow is allowed.
FEATURES = (
    "ContainerStopSignals",
    "CrossNamespaceVolumeDataSource",
    "HPAScaleToZero",
    "ImageVolumeWithDigest",
    "MaxUnavailableStatefulSet",
    "SELinuxMount",
    "TaintTolerationComparisonOperators",
    "UserNamespacesHostNetworkSupport",
)
# Any: Git can't tell which ones a cluster gives out.
NODE_PORTS = "1-65535"
# A socket named "etcd:0" in the directory that all programs run in: etcd wants a port in every address.
ETCD = "unix://etcd:0"


def etcd(directory: Path) -> list[str]:
    """Return etcd's arguments: it keeps nothing safe, and listens on sockets in the cluster's directory alone."""
    client, peer = ETCD, "unix://peer:0"
    return [
        "etcd",
        "--name=etcd",
        f"--data-dir={directory}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=etcd={peer}",
        "--unsafe-no-fsync",
        "--heartbeat-interval=10",
        "--election-timeout=100",
        "--log-level=error",
    ]


def api_server(directory: Path, port: int, services: str) -> list[str]:
    """Return kube-apiserver's arguments; ``directory`` holds the keys and ``tokens.csv``.

    ``services`` are the ranges of Services' addresses.
    """
    return [
        "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={directory}/server.crt",
        f"--tls-private-key-file={directory}/server.key",
        f"--service-cluster-ip-range={services}",
        f"--service-node-port-range={NODE_PORTS}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={directory}/sa.key",
        f"--service-account-signing-key-file={directory}/sa.key",
        "--authorization-mode=RBAC",
        f"--token-auth-file={directory}/tokens.csv",
        "--anonymous-auth=false",
        f"--disable-admission-plugins={','.join(ADMISSION_OFF)}",
        f"--feature-gates={','.join(f'{feature}=true' for feature in FEATURES)}",
        "--allow-privileged=true",
        "--enable-priority-and-fairness=false",
        "--profiling=false",
        "--watch-cache-sizes=",
    ]


def controller_manager(directory: Path, kubeconfig: Path) -> list[str]:
    """Return kube-controller-manager's arguments: the controllers that workloads, namespaces and accounts need."""
    return [
        "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        f"--root-ca-file={directory}/ca.crt",
        f"--service-account-private-key-file={directory}/sa.key",
        "--use-service-account-credentials=false",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        f"--controllers={','.join(CONTROLLERS)}",
        "--profiling=false",
    ]


def scheduling(kubeconfig: Path) -> dict[str, object]:
    """Return kube-scheduler's configuration: every pod goes to the one node.

    That one stands for nodes of any kind and number, which Git doesn't tell: whether a pod's selectors, affinities,
    volumes or ports find one is not asked.
    """
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "leaderElection": {"leaderElect": False},
        "enableProfiling": False,
        "profiles": [
            {
                "schedulerName": "default-scheduler",
                "plugins": {
                    "multiPoint": {
                        "disabled": [{"name": "*"}],
                        "enabled": [{"name": name} for name in ("SchedulingGates", "PrioritySort", "DefaultBinder")],
                    }
                },
            }
        ],
    }


def scheduler(configuration: Path) -> list[str]:
    """Return kube-scheduler's arguments."""
    return ["kube-scheduler", f"--config={configuration}", "--secure-port=0"]


def kwok(kubeconfig: Path, stages: Path) -> list[str]:
    """Return kwok's arguments: every node is simulated, by the given stages."""
    return [
        "kwok",
        f"--kubeconfig={kubeconfig}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=0",
        "--server-address=",
        f"--config={stages}",
    ]

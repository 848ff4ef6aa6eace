"""The messages of core/v1, in the notation of ``messages``."""

CORE = """
Pod = metadata:ObjectMeta spec:PodSpec status:PodStatus
PodSpec = volumes:[Volume] containers:[Container] restartPolicy *terminationGracePeriodSeconds:i
    *activeDeadlineSeconds:i dnsPolicy nodeSelector:{s} serviceAccountName serviceAccount nodeName hostNetwork:b
    hostPID:b hostIPC:b securityContext:PodSecurityContext imagePullSecrets:[LocalObjectReference] hostname subdomain
    affinity:Affinity schedulerName initContainers:[Container] *automountServiceAccountToken:b
    tolerations:[Toleration] hostAliases:[HostAlias] priorityClassName *priority:i dnsConfig:PodDNSConfig
    *shareProcessNamespace:b readinessGates:[PodReadinessGate] *runtimeClassName *enableServiceLinks:b
    *preemptionPolicy overhead:{Q} topologySpreadConstraints:[TopologySpreadConstraint]
    ephemeralContainers:[EphemeralContainer] *setHostnameAsFQDN:b os:PodOS *hostUsers:b
    schedulingGates:[PodSchedulingGate] resourceClaims:[PodResourceClaim] resources:ResourceRequirements
Volume = *name ^VolumeSource
VolumeSource = hostPath:HostPathVolumeSource emptyDir:EmptyDirVolumeSource
    gcePersistentDisk:GCEPersistentDiskVolumeSource awsElasticBlockStore:AWSElasticBlockStoreVolumeSource
    gitRepo:GitRepoVolumeSource secret:SecretVolumeSource nfs:NFSVolumeSource iscsi:ISCSIVolumeSource
    glusterfs:GlusterfsVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource rbd:RBDVolumeSource
    flexVolume:FlexVolumeSource cinder:CinderVolumeSource cephfs:CephFSVolumeSource flocker:FlockerVolumeSource
    downwardAPI:DownwardAPIVolumeSource fc:FCVolumeSource azureFile:AzureFileVolumeSource
    configMap:ConfigMapVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource quobyte:QuobyteVolumeSource
    azureDisk:AzureDiskVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource
    portworxVolume:PortworxVolumeSource scaleIO:ScaleIOVolumeSource projected:ProjectedVolumeSource
    storageos:StorageOSVolumeSource csi:CSIVolumeSource ephemeral:EphemeralVolumeSource image:ImageVolumeSource
HostPathVolumeSource = *path *type
EmptyDirVolumeSource = medium sizeLimit:Q
GCEPersistentDiskVolumeSource = *pdName fsType partition:i readOnly:b
AWSElasticBlockStoreVolumeSource = *volumeID fsType partition:i readOnly:b
GitRepoVolumeSource = *repository revision directory
SecretVolumeSource = secretName items:[KeyToPath] *defaultMode:i *optional:b
KeyToPath = *key *path *mode:i
NFSVolumeSource = *server *path readOnly:b
ISCSIVolumeSource = *targetPortal *iqn *lun:i iscsiInterface fsType readOnly:b portals:[s] chapAuthDiscovery:b #10
    secretRef:LocalObjectReference chapAuthSession:b *initiatorName
LocalObjectReference = name
GlusterfsVolumeSource = *endpoints *path readOnly:b
PersistentVolumeClaimVolumeSource = *claimName readOnly:b
RBDVolumeSource = monitors:[s] *image fsType pool user keyring secretRef:LocalObjectReference readOnly:b
FlexVolumeSource = *driver fsType secretRef:LocalObjectReference readOnly:b options:{s}
CinderVolumeSource = *volumeID fsType readOnly:b secretRef:LocalObjectReference
CephFSVolumeSource = monitors:[s] path user secretFile secretRef:LocalObjectReference readOnly:b
FlockerVolumeSource = datasetName datasetUUID
DownwardAPIVolumeSource = items:[DownwardAPIVolumeFile] *defaultMode:i
DownwardAPIVolumeFile = *path fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector *mode:i
ObjectFieldSelector = apiVersion *fieldPath
ResourceFieldSelector = containerName *resource divisor:Q
FCVolumeSource = targetWWNs:[s] *lun:i fsType readOnly:b wwids:[s]
AzureFileVolumeSource = *secretName *shareName readOnly:b
ConfigMapVolumeSource = ^LocalObjectReference items:[KeyToPath] *defaultMode:i *optional:b
VsphereVirtualDiskVolumeSource = *volumePath fsType storagePolicyName storagePolicyID
QuobyteVolumeSource = *registry *volume readOnly:b user group tenant
AzureDiskVolumeSource = *diskName *diskURI *cachingMode *fsType *readOnly:b *kind
PhotonPersistentDiskVolumeSource = *pdID fsType
ProjectedVolumeSource = sources:[VolumeProjection] *defaultMode:i
VolumeProjection = secret:SecretProjection downwardAPI:DownwardAPIProjection configMap:ConfigMapProjection
    serviceAccountToken:ServiceAccountTokenProjection clusterTrustBundle:ClusterTrustBundleProjection
SecretProjection = ^LocalObjectReference items:[KeyToPath] #4 *optional:b
DownwardAPIProjection = items:[DownwardAPIVolumeFile]
ConfigMapProjection = ^LocalObjectReference items:[KeyToPath] #4 *optional:b
ServiceAccountTokenProjection = audience *expirationSeconds:i *path
ClusterTrustBundleProjection = *name *signerName labelSelector:LabelSelector *path *optional:b
PortworxVolumeSource = *volumeID fsType readOnly:b
ScaleIOVolumeSource = *gateway *system secretRef:LocalObjectReference sslEnabled:b protectionDomain storagePool
    storageMode volumeName fsType readOnly:b
StorageOSVolumeSource = volumeName volumeNamespace fsType readOnly:b secretRef:LocalObjectReference
CSIVolumeSource = *driver *readOnly:b *fsType volumeAttributes:{s} nodePublishSecretRef:LocalObjectReference
EphemeralVolumeSource = volumeClaimTemplate:PersistentVolumeClaimTemplate
PersistentVolumeClaimTemplate = metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeClaimSpec = accessModes:[s] resources:VolumeResourceRequirements volumeName selector:LabelSelector
    *storageClassName *volumeMode dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference
    *volumeAttributesClassName
VolumeResourceRequirements = limits:{Q} requests:{Q}
TypedLocalObjectReference = *apiGroup *kind *name
TypedObjectReference = *apiGroup *kind *name *namespace
ImageVolumeSource = reference pullPolicy
Container = *name image command:[s] args:[s] workingDir ports:[ContainerPort] env:[EnvVar]
    resources:ResourceRequirements volumeMounts:[VolumeMount] livenessProbe:Probe readinessProbe:Probe
    lifecycle:Lifecycle terminationMessagePath imagePullPolicy securityContext:SecurityContext stdin:b stdinOnce:b
    tty:b envFrom:[EnvFromSource] terminationMessagePolicy volumeDevices:[VolumeDevice] startupProbe:Probe
    resizePolicy:[ContainerResizePolicy] *restartPolicy
ContainerPort = name hostPort:i *containerPort:i protocol hostIP
EnvFromSource = prefix configMapRef:ConfigMapEnvSource secretRef:SecretEnvSource
ConfigMapEnvSource = ^LocalObjectReference *optional:b
SecretEnvSource = ^LocalObjectReference *optional:b
EnvVar = *name value valueFrom:EnvVarSource
EnvVarSource = fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector
    configMapKeyRef:ConfigMapKeySelector secretKeyRef:SecretKeySelector
ConfigMapKeySelector = ^LocalObjectReference *key *optional:b
SecretKeySelector = ^LocalObjectReference *key *optional:b
ResourceRequirements = limits:{Q} requests:{Q} claims:[ResourceClaim]
ResourceClaim = *name request
ContainerResizePolicy = *resourceName *restartPolicy
VolumeMount = *name readOnly:b *mountPath subPath *mountPropagation subPathExpr *recursiveReadOnly
VolumeDevice = *name *devicePath
Probe = ^ProbeHandler initialDelaySeconds:i timeoutSeconds:i periodSeconds:i successThreshold:i failureThreshold:i
    *terminationGracePeriodSeconds:i
ProbeHandler = exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction grpc:GRPCAction
ExecAction = command:[s]
HTTPGetAction = path port:X host scheme httpHeaders:[HTTPHeader]
HTTPHeader = *name *value
TCPSocketAction = port:X host
GRPCAction = *port:i *service
Lifecycle = postStart:LifecycleHandler preStop:LifecycleHandler *stopSignal
LifecycleHandler = exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction sleep:SleepAction
SleepAction = *seconds:i
SecurityContext = capabilities:Capabilities *privileged:b seLinuxOptions:SELinuxOptions *runAsUser:i *runAsNonRoot:b
    *readOnlyRootFilesystem:b *allowPrivilegeEscalation:b *runAsGroup:i *procMount
    windowsOptions:WindowsSecurityContextOptions seccompProfile:SeccompProfile appArmorProfile:AppArmorProfile
Capabilities = add:[s] drop:[s]
SELinuxOptions = user role type level
WindowsSecurityContextOptions = *gmsaCredentialSpecName *gmsaCredentialSpec *runAsUserName *hostProcess:b
SeccompProfile = *type *localhostProfile
AppArmorProfile = *type *localhostProfile
EphemeralContainer = ^EphemeralContainerCommon targetContainerName
EphemeralContainerCommon = *name image command:[s] args:[s] workingDir ports:[ContainerPort] env:[EnvVar]
    resources:ResourceRequirements volumeMounts:[VolumeMount] livenessProbe:Probe readinessProbe:Probe
    lifecycle:Lifecycle terminationMessagePath imagePullPolicy securityContext:SecurityContext stdin:b stdinOnce:b
    tty:b envFrom:[EnvFromSource] terminationMessagePolicy volumeDevices:[VolumeDevice] startupProbe:Probe
    resizePolicy:[ContainerResizePolicy] *restartPolicy
PodSecurityContext = seLinuxOptions:SELinuxOptions *runAsUser:i *runAsNonRoot:b supplementalGroups:[i] *fsGroup:i
    *runAsGroup:i sysctls:[Sysctl] windowsOptions:WindowsSecurityContextOptions *fsGroupChangePolicy
    seccompProfile:SeccompProfile appArmorProfile:AppArmorProfile *supplementalGroupsPolicy *seLinuxChangePolicy
Sysctl = *name *value
Affinity = nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
NodeAffinity = requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
    preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
NodeSelector = nodeSelectorTerms:[NodeSelectorTerm]
NodeSelectorTerm = matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSelectorRequirement = *key *operator values:[s]
PreferredSchedulingTerm = *weight:i preference:NodeSelectorTerm
PodAffinity = requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodAffinityTerm = labelSelector:LabelSelector namespaces:[s] *topologyKey namespaceSelector:LabelSelector
    matchLabelKeys:[s] mismatchLabelKeys:[s]
WeightedPodAffinityTerm = *weight:i podAffinityTerm:PodAffinityTerm
PodAntiAffinity = requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
Toleration = key operator value effect *tolerationSeconds:i
HostAlias = *ip hostnames:[s]
PodDNSConfig = nameservers:[s] searches:[s] options:[PodDNSConfigOption]
PodDNSConfigOption = name *value
PodReadinessGate = *conditionType
TopologySpreadConstraint = *maxSkew:i *topologyKey *whenUnsatisfiable labelSelector:LabelSelector *minDomains:i
    *nodeAffinityPolicy *nodeTaintsPolicy matchLabelKeys:[s]
PodOS = *name
PodSchedulingGate = *name
PodResourceClaim = *name #3 *resourceClaimName *resourceClaimTemplateName
PodStatus = phase conditions:[PodCondition] message reason hostIP podIP startTime:T
    containerStatuses:[ContainerStatus] qosClass initContainerStatuses:[ContainerStatus] nominatedNodeName
    podIPs:[PodIP] ephemeralContainerStatuses:[ContainerStatus] resize resourceClaimStatuses:[PodResourceClaimStatus]
    hostIPs:[HostIP] observedGeneration:i
PodCondition = *type *status lastProbeTime:T lastTransitionTime:T reason message observedGeneration:i
HostIP = *ip
PodIP = *ip
ContainerStatus = *name state:ContainerState lastState:ContainerState *ready:b *restartCount:i *image *imageID
    containerID *started:b allocatedResources:{Q} resources:ResourceRequirements volumeMounts:[VolumeMountStatus]
    user:ContainerUser allocatedResourcesStatus:[ResourceStatus] *stopSignal
ContainerState = waiting:ContainerStateWaiting running:ContainerStateRunning terminated:ContainerStateTerminated
ContainerStateWaiting = reason message
ContainerStateRunning = startedAt:T
ContainerStateTerminated = *exitCode:i signal:i reason message startedAt:T finishedAt:T containerID
VolumeMountStatus = *name *mountPath readOnly:b *recursiveReadOnly
ContainerUser = linux:LinuxContainerUser
LinuxContainerUser = *uid:i *gid:i supplementalGroups:[i]
ResourceStatus = *name resources:[ResourceHealth]
ResourceHealth = *resourceID health
PodResourceClaimStatus = *name *resourceClaimName
Namespace = metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceSpec = finalizers:[s]
NamespaceStatus = phase conditions:[NamespaceCondition]
NamespaceCondition = *type *status #4 lastTransitionTime:T reason message
ServiceAccount = metadata:ObjectMeta secrets:[ObjectReference] imagePullSecrets:[LocalObjectReference]
    *automountServiceAccountToken:b
ObjectReference = kind namespace name uid apiVersion resourceVersion fieldPath
Event = metadata:ObjectMeta involvedObject:ObjectReference reason message source:EventSource firstTimestamp:T
    lastTimestamp:T count:i type eventTime:U series:EventSeries action related:ObjectReference *reportingComponent
    *reportingInstance
EventSource = component host
EventSeries = count:i lastObservedTime:U
ConfigMap = metadata:ObjectMeta data:{s} binaryData:{y} *immutable:b
Secret = metadata:ObjectMeta data:{y} type stringData:{s} *immutable:b
Node = metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeSpec = podCIDR externalID providerID unschedulable:b taints:[Taint] configSource:NodeConfigSource podCIDRs:[s]
Taint = *key value *effect timeAdded:T
NodeConfigSource = #2 configMap:ConfigMapNodeConfigSource
ConfigMapNodeConfigSource = *namespace *name uid resourceVersion *kubeletConfigKey
NodeStatus = capacity:{Q} allocatable:{Q} phase conditions:[NodeCondition] addresses:[NodeAddress]
    daemonEndpoints:NodeDaemonEndpoints nodeInfo:NodeSystemInfo images:[ContainerImage] volumesInUse:[s]
    volumesAttached:[AttachedVolume] config:NodeConfigStatus runtimeHandlers:[NodeRuntimeHandler]
    features:NodeFeatures
NodeCondition = *type *status lastHeartbeatTime:T lastTransitionTime:T reason message
NodeAddress = *type *address
NodeDaemonEndpoints = kubeletEndpoint:DaemonEndpoint
DaemonEndpoint = *Port:i
NodeSystemInfo = *machineID *systemUUID *bootID *kernelVersion *osImage *containerRuntimeVersion *kubeletVersion
    *kubeProxyVersion *operatingSystem *architecture swap:NodeSwapStatus
NodeSwapStatus = *capacity:i
ContainerImage = names:[s] sizeBytes:i
AttachedVolume = *name *devicePath
NodeConfigStatus = assigned:NodeConfigSource active:NodeConfigSource lastKnownGood:NodeConfigSource error
NodeRuntimeHandler = *name features:NodeRuntimeHandlerFeatures
NodeRuntimeHandlerFeatures = *recursiveReadOnlyMounts:b *userNamespaces:b
NodeFeatures = *supplementalGroupsPolicy:b
Service = metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceSpec = ports:[ServicePort] selector:{s} clusterIP type externalIPs:[s] #7 sessionAffinity loadBalancerIP
    loadBalancerSourceRanges:[s] externalName externalTrafficPolicy healthCheckNodePort:i publishNotReadyAddresses:b
    sessionAffinityConfig:SessionAffinityConfig #17 *ipFamilyPolicy clusterIPs:[s] ipFamilies:[s]
    *allocateLoadBalancerNodePorts:b *loadBalancerClass *internalTrafficPolicy *trafficDistribution
ServicePort = name protocol *port:i targetPort:X nodePort:i *appProtocol
SessionAffinityConfig = clientIP:ClientIPConfig
ClientIPConfig = *timeoutSeconds:i
ServiceStatus = loadBalancer:LoadBalancerStatus conditions:[Condition]
LoadBalancerStatus = ingress:[LoadBalancerIngress]
LoadBalancerIngress = ip hostname *ipMode ports:[PortStatus]
PortStatus = *port:i *protocol *error
Endpoints = metadata:ObjectMeta subsets:[EndpointSubset]
EndpointSubset = addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]
EndpointAddress = *ip targetRef:ObjectReference hostname *nodeName
EndpointPort = name *port:i protocol *appProtocol
PersistentVolumeClaim = metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimStatus = phase accessModes:[s] capacity:{Q} conditions:[PersistentVolumeClaimCondition]
    allocatedResources:{Q} #7 allocatedResourceStatuses:{s} *currentVolumeAttributesClassName
    modifyVolumeStatus:ModifyVolumeStatus
PersistentVolumeClaimCondition = *type *status lastProbeTime:T lastTransitionTime:T reason message
ModifyVolumeStatus = targetVolumeAttributesClassName *status
ReplicationController = metadata:ObjectMeta spec:ReplicationControllerSpec status:ReplicationControllerStatus
ReplicationControllerSpec = *replicas:i selector:{s} template:PodTemplateSpec minReadySeconds:i
PodTemplateSpec = metadata:ObjectMeta spec:PodSpec
ReplicationControllerStatus = *replicas:i fullyLabeledReplicas:i observedGeneration:i readyReplicas:i
    availableReplicas:i conditions:[ReplicationControllerCondition]
ReplicationControllerCondition = *type *status lastTransitionTime:T reason message
Binding = metadata:ObjectMeta target:ObjectReference
"""

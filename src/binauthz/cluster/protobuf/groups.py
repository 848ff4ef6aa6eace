"""The messages of every group but core, in the notation of ``messages``."""

META = """
ObjectMeta = name generateName namespace selfLink uid resourceVersion generation:i creationTimestamp:T
    deletionTimestamp:T *deletionGracePeriodSeconds:i labels:{s} annotations:{s} ownerReferences:[OwnerReference]
    finalizers:[s] #17 managedFields:[ManagedFieldsEntry]
OwnerReference = *kind #3 *name *uid *apiVersion *controller:b *blockOwnerDeletion:b
ManagedFieldsEntry = manager operation apiVersion time:T #6 fieldsType fieldsV1:R subresource
LabelSelector = matchLabels:{s} matchExpressions:[LabelSelectorRequirement]
LabelSelectorRequirement = *key *operator values:[s]
Condition = *type *status observedGeneration:i lastTransitionTime:T *reason *message
FieldSelectorRequirement = *key *operator values:[s]
DeleteOptions = *gracePeriodSeconds:i preconditions:Preconditions *orphanDependents:b *propagationPolicy dryRun:[s]
    *ignoreStoreReadErrorWithClusterBreakingPotential:b
Preconditions = *uid *resourceVersion
"""

APPS = """
Deployment = metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentSpec = *replicas:i selector:LabelSelector template:PodTemplateSpec strategy:DeploymentStrategy
    minReadySeconds:i *revisionHistoryLimit:i paused:b #9 *progressDeadlineSeconds:i
DeploymentStrategy = type rollingUpdate:RollingUpdateDeployment
RollingUpdateDeployment = maxUnavailable:X maxSurge:X
DeploymentStatus = observedGeneration:i replicas:i updatedReplicas:i availableReplicas:i unavailableReplicas:i
    conditions:[DeploymentCondition] readyReplicas:i *collisionCount:i *terminatingReplicas:i
DeploymentCondition = *type *status #4 reason message lastUpdateTime:T lastTransitionTime:T
ReplicaSet = metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetSpec = *replicas:i selector:LabelSelector template:PodTemplateSpec minReadySeconds:i
ReplicaSetStatus = *replicas:i fullyLabeledReplicas:i observedGeneration:i readyReplicas:i availableReplicas:i
    conditions:[ReplicaSetCondition] *terminatingReplicas:i
ReplicaSetCondition = *type *status lastTransitionTime:T reason message
StatefulSet = metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
StatefulSetSpec = *replicas:i selector:LabelSelector template:PodTemplateSpec
    volumeClaimTemplates:[PersistentVolumeClaim] *serviceName podManagementPolicy
    updateStrategy:StatefulSetUpdateStrategy *revisionHistoryLimit:i minReadySeconds:i
    persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy ordinals:StatefulSetOrdinals
StatefulSetUpdateStrategy = type rollingUpdate:RollingUpdateStatefulSetStrategy
RollingUpdateStatefulSetStrategy = *partition:i maxUnavailable:X
StatefulSetPersistentVolumeClaimRetentionPolicy = whenDeleted whenScaled
StatefulSetOrdinals = *start:i
StatefulSetStatus = observedGeneration:i *replicas:i readyReplicas:i currentReplicas:i updatedReplicas:i
    currentRevision updateRevision #9 *collisionCount:i conditions:[StatefulSetCondition] *availableReplicas:i
StatefulSetCondition = *type *status lastTransitionTime:T reason message
DaemonSet = metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
DaemonSetSpec = selector:LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
    minReadySeconds:i #6 *revisionHistoryLimit:i
DaemonSetUpdateStrategy = type rollingUpdate:RollingUpdateDaemonSet
RollingUpdateDaemonSet = maxUnavailable:X maxSurge:X
DaemonSetStatus = *currentNumberScheduled:i *numberMisscheduled:i *desiredNumberScheduled:i *numberReady:i
    observedGeneration:i updatedNumberScheduled:i numberAvailable:i numberUnavailable:i *collisionCount:i
    conditions:[DaemonSetCondition]
DaemonSetCondition = *type *status lastTransitionTime:T reason message
ControllerRevision = metadata:ObjectMeta data:R *revision:i
"""

BATCH = """
Job = metadata:ObjectMeta spec:JobSpec status:JobStatus
JobSpec = *parallelism:i *completions:i *activeDeadlineSeconds:i selector:LabelSelector *manualSelector:b
    template:PodTemplateSpec *backoffLimit:i *ttlSecondsAfterFinished:i *completionMode *suspend:b
    podFailurePolicy:PodFailurePolicy *backoffLimitPerIndex:i *maxFailedIndexes:i *podReplacementPolicy *managedBy
    successPolicy:SuccessPolicy
PodFailurePolicy = rules:[PodFailurePolicyRule]
PodFailurePolicyRule = *action onExitCodes:PodFailurePolicyOnExitCodesRequirement
    onPodConditions:[PodFailurePolicyOnPodConditionsPattern]
PodFailurePolicyOnExitCodesRequirement = *containerName *operator values:[i]
PodFailurePolicyOnPodConditionsPattern = *type *status
SuccessPolicy = rules:[SuccessPolicyRule]
SuccessPolicyRule = *succeededIndexes *succeededCount:i
JobStatus = conditions:[JobCondition] startTime:T completionTime:T active:i succeeded:i failed:i completedIndexes
    uncountedTerminatedPods:UncountedTerminatedPods *ready:i *failedIndexes *terminating:i
JobCondition = *type *status lastProbeTime:T lastTransitionTime:T reason message
UncountedTerminatedPods = succeeded:[s] failed:[s]
CronJob = metadata:ObjectMeta spec:CronJobSpec status:CronJobStatus
CronJobSpec = *schedule *startingDeadlineSeconds:i concurrencyPolicy *suspend:b jobTemplate:JobTemplateSpec
    *successfulJobsHistoryLimit:i *failedJobsHistoryLimit:i *timeZone
JobTemplateSpec = metadata:ObjectMeta spec:JobSpec
CronJobStatus = active:[ObjectReference] #4 lastScheduleTime:T lastSuccessfulTime:T
"""

RBAC = """
Role = metadata:ObjectMeta rules:[PolicyRule]
PolicyRule = verbs:[s] apiGroups:[s] resources:[s] resourceNames:[s] nonResourceURLs:[s]
RoleBinding = metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef
Subject = *kind apiGroup *name namespace
RoleRef = *apiGroup *kind *name
ClusterRole = metadata:ObjectMeta rules:[PolicyRule] aggregationRule:AggregationRule
AggregationRule = clusterRoleSelectors:[LabelSelector]
ClusterRoleBinding = metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef
"""

ADMISSION = """
ValidatingWebhookConfiguration = metadata:ObjectMeta webhooks:[ValidatingWebhook]
ValidatingWebhook = *name clientConfig:WebhookClientConfig rules:[RuleWithOperations] *failurePolicy
    namespaceSelector:LabelSelector *sideEffects *timeoutSeconds:i admissionReviewVersions:[s] *matchPolicy
    objectSelector:LabelSelector matchConditions:[MatchCondition]
WebhookClientConfig = service:ServiceReference caBundle:y *url
ServiceReference = *namespace *name *path *port:i
RuleWithOperations = operations:[s] ^Rule
Rule = apiGroups:[s] apiVersions:[s] resources:[s] *scope
MatchCondition = *name *expression
"""

COORDINATION = """
Lease = metadata:ObjectMeta spec:LeaseSpec
LeaseSpec = *holderIdentity *leaseDurationSeconds:i acquireTime:U renewTime:U *leaseTransitions:i *strategy
    *preferredHolder
"""

AUTHENTICATION = """
SelfSubjectReview = metadata:ObjectMeta status:SelfSubjectReviewStatus
SelfSubjectReviewStatus = userInfo:UserInfo
UserInfo = username uid groups:[s] extra:{W}
TokenRequest = metadata:ObjectMeta spec:TokenRequestSpec status:TokenRequestStatus
TokenRequestSpec = audiences:[s] #3 boundObjectRef:BoundObjectReference *expirationSeconds:i
BoundObjectReference = kind apiVersion name uid
TokenRequestStatus = *token expirationTimestamp:T
"""

AUTHORIZATION = """
SelfSubjectAccessReview = metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec status:SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec = resourceAttributes:ResourceAttributes nonResourceAttributes:NonResourceAttributes
ResourceAttributes = namespace verb group version resource subresource name fieldSelector:FieldSelectorAttributes
    labelSelector:LabelSelectorAttributes
FieldSelectorAttributes = rawSelector requirements:[FieldSelectorRequirement]
LabelSelectorAttributes = rawSelector requirements:[LabelSelectorRequirement]
NonResourceAttributes = path verb
SubjectAccessReviewStatus = *allowed:b reason evaluationError denied:b
SelfSubjectRulesReview = metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec status:SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec = namespace
SubjectRulesReviewStatus = resourceRules:[ResourceRule] nonResourceRules:[NonResourceRule] *incomplete:b
    evaluationError
ResourceRule = verbs:[s] apiGroups:[s] resources:[s] resourceNames:[s]
NonResourceRule = verbs:[s] nonResourceURLs:[s]
SubjectAccessReview = metadata:ObjectMeta spec:SubjectAccessReviewSpec status:SubjectAccessReviewStatus
SubjectAccessReviewSpec = resourceAttributes:ResourceAttributes nonResourceAttributes:NonResourceAttributes user
    groups:[s] extra:{W} uid
LocalSubjectAccessReview = metadata:ObjectMeta spec:SubjectAccessReviewSpec status:SubjectAccessReviewStatus
"""

AUTOSCALING = """
Scale = metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
ScaleSpec = replicas:i
ScaleStatus = *replicas:i selector
"""

POLICY = """
Eviction = metadata:ObjectMeta deleteOptions:DeleteOptions
"""

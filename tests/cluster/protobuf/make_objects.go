// Writes objects.jsonl: every kind that the cluster reads, as Kubernetes itself writes it in protobuf and in JSON: once
// with nothing set, once with every member present and zero, and once with every member set to a value of its own.
//
//	go mod init objects && go get k8s.io/api@v0.33.0 && go run make_objects.go | gzip -9n > objects.jsonl.gz
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	adm "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authn "k8s.io/api/authentication/v1"
	authz "k8s.io/api/authorization/v1"
	autos "k8s.io/api/autoscaling/v1"
	batch "k8s.io/api/batch/v1"
	coord "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	pol "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var n int

func fill(v reflect.Value, mode int) {
	n++
	switch v.Type().String() {
	case "resource.Quantity":
		if mode > 0 {
			v.Set(reflect.ValueOf(resource.MustParse(fmt.Sprintf("%dMi", n))))
		}
		return
	case "intstr.IntOrString":
		if mode > 0 && n%2 == 0 {
			v.Set(reflect.ValueOf(intstr.FromString(fmt.Sprintf("%d%%", n))))
		} else if mode > 0 {
			v.Set(reflect.ValueOf(intstr.FromInt32(int32(-n))))
		}
		return
	case "v1.Time":
		if mode > 0 {
			v.Set(reflect.ValueOf(meta.NewTime(time.Unix(1700000000+int64(n), 0).UTC())))
		}
		return
	case "v1.MicroTime":
		if mode > 0 {
			v.Set(reflect.ValueOf(meta.NewMicroTime(time.Unix(1700000000+int64(n), 123456000).UTC())))
		}
		return
	case "runtime.RawExtension":
		if mode > 0 {
			v.Set(reflect.ValueOf(runtime.RawExtension{Raw: []byte(fmt.Sprintf(`{"a":%d}`, n))}))
		}
		return
	case "v1.FieldsV1":
		v.Set(reflect.ValueOf(meta.FieldsV1{Raw: []byte(fmt.Sprintf(`{"f:a":{"n":%d}}`, n))}))
		return
	case "v1.TypeMeta":
		return
	}
	switch v.Kind() {
	case reflect.String:
		if mode > 0 {
			v.SetString(fmt.Sprintf("s%d", n))
		}
	case reflect.Bool:
		v.SetBool(mode > 0)
	case reflect.Int32, reflect.Int64:
		if mode > 0 {
			k := int64(n)
			if n%3 == 0 {
				k = -k
			}
			v.SetInt(k)
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			fill(v.Field(i), mode)
		}
	case reflect.Ptr:
		p := reflect.New(v.Type().Elem())
		fill(p.Elem(), mode)
		v.Set(p)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if mode > 0 {
				v.SetBytes([]byte{0, 255, byte(n)})
			}
			return
		}
		c := 1
		s := reflect.MakeSlice(v.Type(), c, c)
		for i := 0; i < c; i++ {
			fill(s.Index(i), mode)
		}
		v.Set(s)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		k := reflect.New(v.Type().Key()).Elem()
		fill(k, mode)
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, mode)
		m.SetMapIndex(k, e)
		v.Set(m)
	default:
		panic(v.Type().String())
	}
}

func main() {
	type g struct {
		gv string
		o  []runtime.Object
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	for _, x := range []g{
		{"v1", []runtime.Object{&core.Pod{}, &core.Namespace{}, &core.ServiceAccount{}, &core.Event{}, &core.ConfigMap{}, &core.Secret{}, &core.Node{}, &core.Service{}, &core.Endpoints{}, &core.PersistentVolumeClaim{}, &core.ReplicationController{}, &core.Binding{}}},
		{"apps/v1", []runtime.Object{&apps.Deployment{}, &apps.ReplicaSet{}, &apps.StatefulSet{}, &apps.DaemonSet{}, &apps.ControllerRevision{}, &meta.DeleteOptions{}}},
		{"batch/v1", []runtime.Object{&batch.Job{}, &batch.CronJob{}}},
		{"admissionregistration.k8s.io/v1", []runtime.Object{&adm.ValidatingWebhookConfiguration{}}},
		{"coordination.k8s.io/v1", []runtime.Object{&coord.Lease{}}},
		{"rbac.authorization.k8s.io/v1", []runtime.Object{&rbac.Role{}, &rbac.RoleBinding{}, &rbac.ClusterRole{}, &rbac.ClusterRoleBinding{}}},
		{"authentication.k8s.io/v1", []runtime.Object{&authn.SelfSubjectReview{}, &authn.TokenRequest{}}},
		{"authorization.k8s.io/v1", []runtime.Object{&authz.SelfSubjectAccessReview{}, &authz.SelfSubjectRulesReview{}, &authz.SubjectAccessReview{}, &authz.LocalSubjectAccessReview{}}},
		{"autoscaling/v1", []runtime.Object{&autos.Scale{}}},
		{"policy/v1", []runtime.Object{&pol.Eviction{}}},
	} {
		gv, _ := schema.ParseGroupVersion(x.gv)
		for _, o := range x.o {
			t := reflect.TypeOf(o).Elem()
			for mode := -1; mode < 2; mode++ {
				n = 0
				p := reflect.New(t)
				if mode >= 0 {
					fill(p.Elem(), mode)
				}
				ob := p.Interface().(runtime.Object)
				ob.GetObjectKind().SetGroupVersionKind(gv.WithKind(t.Name()))
				var b bytes.Buffer
				if err := protobuf.NewSerializer(nil, nil).Encode(ob, &b); err != nil {
					panic(err)
				}
				enc.Encode(map[string]any{"mode": mode, "pb": b.Bytes(), "json": ob})
			}
		}
	}
}

package api

import (
	"context"
	"errors"
	"strings"

	"pado/core/procedure"
	"pado/domain/governance"
	"pado/domain/party"
	"pado/procedures"
)

// bulk tells the addresses that take large bodies with a limit of their own.
func bulk(path string) bool {
	return strings.HasPrefix(path, "/api/uploads/") || strings.HasPrefix(path, "/api/push/")
}

// UploadWire is a delivery on its way in parts.
type UploadWire struct {
	ID      string `json:"id" doc:"传完后作为“报送数据”的文件填写"`
	CaseNo  string `json:"caseNo"`
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	Next    int64  `json:"next" doc:"下一段从第几个字节开始"`
	State   string `json:"state" enum:"open,complete,taken"`
	SHA256  string `json:"sha256,omitempty"`
	PartMax int64  `json:"partMax"`
	PartMin int64  `json:"partMin" doc:"最后一段可以更短"`
}

func uploadWire(u governance.Upload, next int64) UploadWire {
	return UploadWire{u.ID, u.CaseNo, u.Name, u.Size, next, u.State, u.SHA256, governance.MaxPart, governance.MinPart}
}

// PushWire is what became of a pushed batch.
type PushWire struct {
	CaseNo string `json:"caseNo"`
	Again  bool   `json:"again" doc:"同一批次或相同内容已在案，没有重复接收"`
	SHA256 string `json:"sha256,omitempty"`
}

// DeliveryRoutes take deliveries: files in parts that can be resumed, and batches that a source's
// program pushes.
func DeliveryRoutes(r *governance.Runner) func(*API) {
	return func(a *API) {
		type uploadOut struct {
			Status int
			Body   UploadWire
		}
		type beginIn struct {
			Body struct {
				Case string `json:"case" maxLength:"40"`
				Name string `json:"name" maxLength:"400"`
				Size int64  `json:"size"`
			}
		}
		Route(a, Op("begin-upload", "POST", "/api/uploads", "开始分段上传报送文件；同名同大小未传完的接着传", "报送"), func(ctx context.Context, in *beginIn) (*uploadOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			u, next, err := r.BeginUpload(ctx, actor.Person, sourceOrgs(actor), in.Body.Case, in.Body.Name, in.Body.Size)
			return &uploadOut{201, uploadWire(u, next)}, err
		})
		type listIn struct {
			Case string `query:"case" maxLength:"40" required:"true"`
		}
		type listOut struct {
			Body struct {
				Items []UploadWire `json:"items"`
			}
		}
		Route(a, Op("list-uploads", "GET", "/api/uploads", "本人在一个事项中尚未报送的文件", "报送"), func(ctx context.Context, in *listIn) (*listOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			list, err := r.Uploads(ctx, actor.Person, in.Case)
			var out listOut
			out.Body.Items = make([]UploadWire, 0, len(list))
			for _, u := range list {
				_, next, err := r.UploadOf(ctx, actor.Person, u.ID)
				if err != nil {
					return nil, err
				}
				out.Body.Items = append(out.Body.Items, uploadWire(u, next))
			}
			return &out, err
		})
		type idIn struct {
			ID string `path:"id" maxLength:"60"`
		}
		Route(a, Op("get-upload", "GET", "/api/uploads/{id}", "分段上传的进度", "报送"), func(ctx context.Context, in *idIn) (*uploadOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			u, next, err := r.UploadOf(ctx, actor.Person, in.ID)
			return &uploadOut{200, uploadWire(u, next)}, err
		})
		type partIn struct {
			ID      string `path:"id" maxLength:"60"`
			Start   int64  `path:"start" minimum:"0"`
			RawBody []byte `contentType:"application/octet-stream"`
		}
		part := Op("put-upload-part", "PUT", "/api/uploads/{id}/parts/{start}", "上传一段；断线后可重复同一段", "报送")
		part.MaxBodyBytes, part.BodyReadTimeout = governance.MaxPart+1, -1
		part.Errors = append(part.Errors, 409, 413, 503)
		Route(a, part, func(ctx context.Context, in *partIn) (*uploadOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			if _, err := r.PutPart(ctx, actor.Person, in.ID, in.Start, in.RawBody); err != nil {
				return nil, conflicted(err)
			}
			u, next, err := r.UploadOf(ctx, actor.Person, in.ID)
			return &uploadOut{200, uploadWire(u, next)}, err
		})
		type completeIn struct {
			ID   string `path:"id" maxLength:"60"`
			Body struct {
				SHA256 string `json:"sha256" pattern:"^[0-9a-fA-F]{64}$" doc:"整个文件的 SHA-256"`
			}
		}
		complete := Op("complete-upload", "POST", "/api/uploads/{id}/complete", "传完：合并、核对摘要", "报送")
		complete.Errors = append(complete.Errors, 409, 503)
		Route(a, complete, func(ctx context.Context, in *completeIn) (*uploadOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			u, err := r.CompleteUpload(ctx, actor.Person, in.ID, in.Body.SHA256)
			return &uploadOut{200, uploadWire(u, u.Size)}, conflicted(err)
		})
		Route(a, Op("drop-upload", "DELETE", "/api/uploads/{id}", "放弃上传", "报送"), func(ctx context.Context, in *idIn) (*empty, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			return nil, r.DropUpload(ctx, actor.Person, in.ID)
		})
		a.pushRoute(r)
	}
}

func (a *API) pushRoute(r *governance.Runner) {
	type pushIn struct {
		Hookup  string `path:"hookup" maxLength:"40"`
		Name    string `query:"name" maxLength:"400" required:"true" doc:"文件名，如 20260508.jsonl"`
		Key     string `header:"Idempotency-Key" maxLength:"80" required:"true" doc:"批次号；相同批次只收一次"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	type pushOut struct {
		Status int
		Body   PushWire
	}
	push := Op("push-batch", "POST", "/api/push/{hookup}", "程序推送一批数据（文件或 JSON 行）", "报送")
	push.MaxBodyBytes, push.BodyReadTimeout = governance.MaxPush+1, -1
	push.Errors = append(push.Errors, 409, 413, 503)
	Route(a, push, func(ctx context.Context, in *pushIn) (*pushOut, error) {
		actor, err := a.Who(ctx)
		if err != nil {
			return nil, err
		}
		if !actor.Program {
			return nil, problem(403, "push.program", "接口推送由数源部门的程序账号进行，本人请用文件上传")
		}
		if strings.TrimSpace(in.Key) == "" {
			return nil, problem(422, "push.no_key", "请在请求头 Idempotency-Key 中给出批次号")
		}
		p, err := r.Push(ctx, actor.Person, sourceOrgs(actor), in.Hookup, in.Name, in.Key, in.RawBody)
		if err != nil {
			return nil, conflicted(err)
		}
		if p.Again {
			return &pushOut{200, PushWire{CaseNo: p.CaseNo, Again: true}}, nil
		}
		if err := procedures.Deliver(ctx, a.Engine, actor, p.CaseNo, p.Upload.ID); err != nil {
			return nil, errors.Join(waiting(err), r.Unstage(context.WithoutCancel(ctx), p.Upload.ID))
		}
		return &pushOut{202, PushWire{CaseNo: p.CaseNo, SHA256: p.Upload.SHA256}}, nil
	})
}

// sourceOrgs are the organisations an actor is a source for.
func sourceOrgs(a procedure.Actor) (out []string) {
	for _, d := range a.Desks {
		if d.Role == party.Source {
			out = append(out, d.Org)
		}
	}
	return out
}

// conflicted answers 409 where the client may ask where things stand and go on.
func conflicted(err error) error {
	var ref *procedure.Refused
	if errors.As(err, &ref) && (ref.Code == "upload.offset" || ref.Code == "upload.busy" || ref.Code == "push.key") {
		p := problem(409, ref.Code, ref.Message)
		p.Clause = clauseRef(ref.Clause.ID)
		return p
	}
	return err
}

// waiting says in a program's words that the batch before is still being looked at.
func waiting(err error) error {
	var ref *procedure.Refused
	if errors.As(err, &ref) && ref.Code == "case.step" {
		return problem(409, "push.waiting", "上一批数据尚待治理或验收，请稍后用同一批次号重新推送")
	}
	return err
}

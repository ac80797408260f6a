package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/types/known/emptypb"
)

// largest is what a message may hold; the engine allows 400 MB.
const largest = 64 << 20

// Server is a cloud that engines reach on this machine.
type Server struct {
	// Providers is for the variable PULUMI_DEBUG_PROVIDERS: it makes an engine
	// use this server instead of starting plugins.
	Providers string

	server *grpc.Server
	ended  chan error
}

// Serve lets engines reach the cloud until Stop.
func Serve(c *Cloud) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port // it is one: the network is tcp
	s := &Server{
		Providers: fmt.Sprintf("aws:%d,random:%d,kubernetes:%d", port, port, port),
		server:    grpc.NewServer(grpc.StatsHandler(sessions{}), grpc.MaxRecvMsgSize(largest), grpc.MaxSendMsgSize(largest)),
		ended:     make(chan error, 1),
	}
	pulumirpc.RegisterResourceProviderServer(s.server, &provider{cloud: c})
	go func() { s.ended <- s.server.Serve(listener) }()
	return s, nil
}

// Stop ends all connections and returns once nothing runs any more.
func (s *Server) Stop() error {
	s.server.Stop()
	return <-s.ended
}

// session is what one provider of a stack was configured with. The engine
// gives every provider a connection of its own, and its requests do not say
// whose they are.
type session struct {
	mu     sync.Mutex
	region string
}

type sessionKey struct{}

// sessions gives every connection a session.
type sessions struct{}

// TagConn makes the session of a connection.
func (sessions) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, sessionKey{}, &session{})
}

// TagRPC leaves requests as they are.
func (sessions) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC counts nothing.
func (sessions) HandleRPC(context.Context, stats.RPCStats) {}

// HandleConn counts nothing.
func (sessions) HandleConn(context.Context, stats.ConnStats) {}

func sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session)
	return s
}

func regionOf(ctx context.Context) string {
	s := sessionOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.region
}

// Configure remembers the provider's region, and refuses an account that the
// provider must not touch.
func (p *provider) Configure(ctx context.Context, in *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	config, err := decode(in.GetArgs())
	if err != nil {
		return nil, err
	}
	if allowed := config["allowedAccountIds"]; allowed.IsString() {
		var accounts []string
		if err := json.Unmarshal([]byte(allowed.StringValue()), &accounts); err != nil {
			return nil, fmt.Errorf("allowedAccountIds: %w", err)
		}
		if !slices.Contains(accounts, p.cloud.account) {
			return nil, fmt.Errorf("AWS account ID not allowed: %s", p.cloud.account)
		}
	}
	if region := config["region"]; region.IsString() {
		s := sessionOf(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.region = region.StringValue()
	}
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// CheckConfig takes every configuration.
func (p *provider) CheckConfig(_ context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: in.GetNews()}, nil
}

// DiffConfig replaces a provider, and with it all that is in its hands, where
// its region changes.
func (p *provider) DiffConfig(_ context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, _, out, err := compare(in)
	if err != nil {
		return nil, err
	}
	if slices.Contains(out.Diffs, "region") {
		out.Replaces = []string{"region"}
	}
	return out, nil
}

// GetPluginInfo is newer than what any program asks for.
func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "99.0.0"}, nil
}

// Attach needs nothing of the engine.
func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel has nothing to cancel: every request is answered at once.
func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

type mailer struct {
	host     string
	options  []mail.Option
	implicit *tls.Config // of smtps, else nil
	from     string
	to       []string
	secrets  redactor
	clock    func() time.Time
}

// MailOptions of NewMail.
type MailOptions struct {
	From  string
	To    []string
	TLS   *tls.Config // default: the system's roots, TLS 1.2 and up
	Clock func() time.Time
}

// NewMail sends through the server of a URL: smtp://user:password@host:587
// insists on STARTTLS, smtps://host:465 is TLS from the start. A relay on the
// same host may go without by smtp://host:25?tls=none, but then without a
// password too. What cannot be used is fault.Invalid.
func NewMail(server string, o MailOptions) (Channel, error) {
	bad := func(format string, args ...any) (Channel, error) {
		return nil, fault.New(fault.Invalid, "SMTP_URL "+format, args...)
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return bad("must look like smtp://user:password@host:587 or smtps://host:465, with special characters percent-encoded")
	}
	port := map[string]int{"smtp": mail.DefaultPortTLS, "smtps": mail.DefaultPortSSL}[u.Scheme]
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return bad("has no usable port")
		}
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	o.TLS = o.TLS.Clone()
	o.TLS.ServerName = u.Hostname()
	password, _ := u.User.Password()
	m := &mailer{host: u.Hostname(), from: o.From, to: o.To, clock: o.Clock, secrets: newRedactor(append(urlSecrets(server), password)...).inBase64(logins(u)...)}
	m.options = []mail.Option{mail.WithPort(port), mail.WithTimeout(callTimeout), mail.WithTLSConfig(o.TLS), mail.WithoutNoop(), mail.WithoutRset()}
	switch tlsMode := u.Query().Get("tls"); {
	case u.Scheme == "smtps" && tlsMode == "":
		// The connection is a *tls.Conn from the start, see dial; this is how
		// the library finds that out.
		m.implicit = o.TLS
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case tlsMode == "none" && u.Scheme == "smtp" && u.User == nil:
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	case tlsMode != "":
		return bad("may say tls=none only with smtp:// and without a password")
	default:
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if u.User != nil {
		m.options = append(m.options, mail.WithUsername(u.User.Username()), mail.WithPassword(password), mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
	}
	if _, err := m.letter(Message{}); err != nil {
		return nil, fault.New(fault.Invalid, "MAIL_FROM and MAIL_TO must be addresses such as ohio@example.org: %v", err)
	}
	return m, nil
}

// Name implements Channel.
func (m *mailer) Name() string { return Mail }

// Send implements Channel.
func (m *mailer) Send(ctx context.Context, message Message) error {
	letter, err := m.letter(message)
	if err != nil {
		return &Failure{Reason: "the mail cannot be written: " + m.secrets.text(err.Error())}
	}
	// The library leaves connections open that fail before the mail or after.
	var conn net.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	client, err := mail.NewClient(m.host, append(m.options[:len(m.options):len(m.options)],
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			conn, err = m.dial(ctx, network, address)
			return conn, err
		}))...)
	if err != nil {
		return &Failure{Reason: "the mail server settings cannot be used: " + m.secrets.text(err.Error())}
	}
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // parting in anger is no matter
		return nil
	}
	return &Failure{Reason: cut("the mail server: "+oneLine(sane(m.secrets.text(err.Error()))), 2*maxExcerpt), Retry: passing(err)}
}

func (m *mailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if m.implicit != nil {
		return (&tls.Dialer{Config: m.implicit}).DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// logins are what AUTH PLAIN (RFC 4616) and AUTH LOGIN send.
func logins(u *url.URL) []string {
	if u.User == nil {
		return nil
	}
	name := u.User.Username()
	password, _ := u.User.Password()
	return []string{"\x00" + name + "\x00" + password, name + "\x00" + name + "\x00" + password, name, password}
}

// passing tells a refusal for good (5xx of SMTP, a bad certificate) from what
// may be otherwise next time.
func passing(err error) bool {
	if sent, ok := errors.AsType[*mail.SendError](err); ok && sent.ErrorCode() != 0 {
		return sent.IsTemp() || sent.ErrorCode() < 500
	}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return answer.Code < 500
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return !strings.Contains(err.Error(), "STARTTLS") && !strings.Contains(err.Error(), "AUTH")
}

func (m *mailer) letter(message Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(m.from); err != nil {
		return nil, err
	}
	if err := letter.To(m.to...); err != nil {
		return nil, err
	}
	if len(m.to) == 0 {
		return nil, errors.New("there is nobody to send to")
	}
	letter.Subject(message.headline())
	letter.SetDateWithValue(m.clock())
	// The same at every attempt, so that a mail that came twice can be known.
	letter.SetMessageIDWithValue(fmt.Sprintf("notification-%d@%s", message.ID, contract.ServiceName))
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers
	letter.SetUserAgent(contract.ServiceName)
	letter.SetBodyString(mail.TypeTextPlain, plainText(message))
	page, err := htmlText(message)
	if err != nil {
		return nil, err
	}
	letter.AddAlternativeString(mail.TypeTextHTML, page)
	return letter, nil
}

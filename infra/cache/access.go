package cache

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// appUser is the only user that may do anything: all keys and channels,
	// but no command that stops, empties, lists or reconfigures the whole; INFO
	// is among the dangerous ones and feeds the metrics.
	appUser   = "app"
	appAccess = "on ~* &* +@all -@dangerous +info"
	// offUser is what a client is that names no user.
	offUser   = "default"
	offAccess = "off -@all"

	// Letters and digits only, for URLs; ElastiCache takes 16 to 128
	// characters. 48 of them are 285 bits.
	passwordLength = 48
	// Days until a deleted secret is gone; AWS takes 7 to 30, or 0 for at once.
	secretDays = 30
)

// access is who may use the cache.
type access struct {
	group    *elasticache.UserGroup
	password *random.RandomPassword // of appUser
}

// newAccess registers the users. Every group of Redis OSS has a user named
// default, who may do everything unless the group brings another one of that
// name. A group of Valkey takes only users with a password, even that one.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
func (c *cache) newAccess() (*access, error) {
	var ids pulumi.StringArray
	passwords := map[string]*random.RandomPassword{}
	for _, u := range []struct{ name, access string }{{offUser, offAccess}, {appUser, appAccess}} {
		name := c.Name("cache", u.name)
		password, err := random.NewRandomPassword(c.ctx, name, &random.RandomPasswordArgs{
			Length:  pulumi.Int(passwordLength),
			Special: pulumi.Bool(false),
		}, c.child()...)
		if err != nil {
			return nil, err
		}
		user, err := elasticache.NewUser(c.ctx, name, &elasticache.UserArgs{
			UserId:       pulumi.String(name),
			UserName:     pulumi.String(u.name),
			Engine:       pulumi.String(c.Config.Engine),
			AccessString: pulumi.String(u.access),
			AuthenticationMode: elasticache.UserAuthenticationModeArgs{
				Type: pulumi.String("password"), Passwords: pulumi.StringArray{password.Result},
			},
		}, c.child()...)
		if err != nil {
			return nil, err
		}
		ids = append(ids, user.UserId)
		passwords[u.name] = password
	}
	group, err := elasticache.NewUserGroup(c.ctx, c.Name("cache"), &elasticache.UserGroupArgs{
		UserGroupId: pulumi.String(c.Name("cache")),
		Engine:      pulumi.String(c.Config.Engine),
		UserIds:     ids,
	}, c.child()...)
	return &access{group, passwords[appUser]}, err
}

// newSecret registers what the service opens the cache with. Password and
// version can be made again, and replacing the password is how it is rotated;
// so the secret alone is protected.
func (c *cache) newSecret(access *access, group *elasticache.ReplicationGroup) (*secretsmanager.Secret, error) {
	window := secretDays
	if !c.protect {
		window = 0 // the next life of the stack needs the name
	}
	name := c.Name("cache", appUser)
	secret, err := secretsmanager.NewSecret(c.ctx, name, &secretsmanager.SecretArgs{
		Name:                 pulumi.String(name),
		Description:          pulumi.String("User of the service in the cache"),
		KmsKeyId:             c.Keys.Secrets,
		RecoveryWindowInDays: pulumi.Int(window),
	}, c.data()...)
	if err != nil {
		return nil, err
	}
	_, err = secretsmanager.NewSecretVersion(c.ctx, name, &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(),
		SecretString: pulumi.JSONMarshal(pulumi.StringMap{
			"engine":   pulumi.String(c.Config.Engine),
			"host":     group.PrimaryEndpointAddress,
			"port":     pulumi.String(strconv.Itoa(Port)),
			"username": pulumi.String(appUser),
			"password": access.password.Result,
		}),
	}, c.child()...)
	return secret, err
}

package database

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// Letters and digits only: RDS refuses / @ " and spaces, URLs more. 48 of
	// them are 285 bits.
	passwordLength = 48
	// Days until a deleted secret is gone; AWS takes 7 to 30, or 0 for at once.
	secretDays = 30
)

// newSecret registers the master password and the secret for it. It is ours,
// because an instance whose password RDS manages can have no read replicas.
// Password and version can be made again, and replacing the password is how it
// is rotated; so the secret alone is protected.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func (d *database) newSecret() (*secretsmanager.Secret, *random.RandomPassword, error) {
	password, err := random.NewRandomPassword(d.ctx, d.Name("database", "master"), &random.RandomPasswordArgs{
		Length:  pulumi.Int(passwordLength),
		Special: pulumi.Bool(false),
	}, d.child()...)
	if err != nil {
		return nil, nil, err
	}
	window := secretDays
	if !d.protect {
		window = 0 // the next life of the stack needs the name
	}
	secret, err := secretsmanager.NewSecret(d.ctx, d.Name("database", "master"), &secretsmanager.SecretArgs{
		Name:                 pulumi.String(d.Name("database", "master")),
		Description:          pulumi.String("Master user of the database"),
		KmsKeyId:             d.Keys.Secrets,
		RecoveryWindowInDays: pulumi.Int(window),
	}, d.data()...)
	return secret, password, err
}

func (d *database) fillSecret(secret *secretsmanager.Secret, password *random.RandomPassword, primary *rds.Instance) error {
	_, err := secretsmanager.NewSecretVersion(d.ctx, d.Name("database", "master"), &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(),
		SecretString: pulumi.JSONMarshal(pulumi.StringMap{
			"engine":   pulumi.String("postgres"),
			"host":     primary.Address,
			"port":     pulumi.String(strconv.Itoa(Port)),
			"dbname":   pulumi.String(Name),
			"username": pulumi.String(master),
			"password": password.Result,
		}),
	}, d.child()...)
	return err
}

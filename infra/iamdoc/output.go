package iamdoc

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Output is the validated text of a document over ARNs that are known only
// once their resources exist. build receives them in the order given and is
// pure. An invalid document fails the deployment before its resource
// registers.
func Output(use Use, build func(known []string) Document, unknown ...pulumi.StringInput) pulumi.StringOutput {
	all := make(pulumi.StringArray, len(unknown))
	copy(all, unknown)
	return all.ToStringArrayOutput().ApplyT(func(known []string) (string, error) {
		return build(known).Text(use)
	}).(pulumi.StringOutput)
}

// Text validates the document and writes its canonical form.
func (d Document) Text(use Use) (string, error) {
	if err := d.Validate(use); err != nil {
		return "", err
	}
	return d.JSON()
}

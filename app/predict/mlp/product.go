package mlp

// product writes a·b to dst: dst is rows x width, b is inner x width, both
// row-major; the element of a in row r and column k is a[r*aRow+k*aStep], so
// that a may be read transposed. It works in blocks as the evaluator does.
func product(dst, a, b []float64, rows, inner, width, aRow, aStep int) {
	o := 0
	for ; o+tile <= width; o += tile {
		for r := range rows {
			var s0, s1, s2, s3 float64
			at, k := r*aRow, 0
			for ; k+tile <= inner; k += tile {
				v0, v1, v2, v3 := a[at], a[at+aStep], a[at+2*aStep], a[at+3*aStep]
				at += tile * aStep
				u := b[k*width+o:]
				u0, u1 := (*[tile]float64)(u), (*[tile]float64)(u[width:])
				u2, u3 := (*[tile]float64)(u[2*width:]), (*[tile]float64)(u[3*width:])
				s0 += (v0*u0[0] + v1*u1[0]) + (v2*u2[0] + v3*u3[0])
				s1 += (v0*u0[1] + v1*u1[1]) + (v2*u2[1] + v3*u3[1])
				s2 += (v0*u0[2] + v1*u1[2]) + (v2*u2[2] + v3*u3[2])
				s3 += (v0*u0[3] + v1*u1[3]) + (v2*u2[3] + v3*u3[3])
			}
			for ; k < inner; k++ {
				v, u := a[at], (*[tile]float64)(b[k*width+o:])
				at += aStep
				s0 += v * u[0]
				s1 += v * u[1]
				s2 += v * u[2]
				s3 += v * u[3]
			}
			d := (*[tile]float64)(dst[r*width+o:])
			d[0], d[1], d[2], d[3] = s0, s1, s2, s3
		}
	}
	for ; o < width; o++ {
		for r := range rows {
			sum := 0.0
			for k := range inner {
				sum += a[r*aRow+k*aStep] * b[k*width+o]
			}
			dst[r*width+o] = sum
		}
	}
}

// transpose writes the transposed of a, rows x width, to dst.
func transpose[F float32 | float64](dst []F, a []float64, rows, width int) {
	for r := range rows {
		for o := range width {
			dst[o*rows+r] = F(a[r*width+o])
		}
	}
}

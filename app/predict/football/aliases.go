package football

// aliases maps common other names to canonical ones, which are those of the
// College Football Data API. Spelling variants need no entry (see fold).
func aliases() map[string]string {
	return map[string]string{
		"OSU": "Ohio State", "Buckeyes": "Ohio State", "Ohio State Buckeyes": "Ohio State",
		"UMich": "Michigan", "Michigan Wolverines": "Michigan", "Wolverines": "Michigan", "MSU": "Michigan State", "Mich State": "Michigan State",
		"PSU": "Penn State", "Pitt": "Pittsburgh", "UMD": "Maryland", "Illini": "Illinois",
		"Southern California": "USC", "Southern Cal": "USC", "California Los Angeles": "UCLA", "Cal": "California", "UC Berkeley": "California",
		"Bama": "Alabama", "Crimson Tide": "Alabama", "Louisiana State": "LSU", "Mississippi": "Ole Miss", "Miss State": "Mississippi State",
		"UGA": "Georgia", "UF": "Florida", "FSU": "Florida State", "UT": "Tennessee", "Mizzou": "Missouri", "TAMU": "Texas A&M", "Vandy": "Vanderbilt", "UK": "Kentucky",
		"Miami (FL)": "Miami", "Miami Florida": "Miami", "Miami Hurricanes": "Miami", "Miami Ohio": "Miami (OH)", "Miami RedHawks": "Miami (OH)",
		"North Carolina State": "NC State", "UNC": "North Carolina", "UVA": "Virginia", "VT": "Virginia Tech", "GT": "Georgia Tech", "BC": "Boston College",
		"Texas Christian": "TCU", "Southern Methodist": "SMU", "Brigham Young": "BYU", "OU": "Oklahoma", "Okla State": "Oklahoma State", "Oklahoma A&M": "Oklahoma State",
		"KU": "Kansas", "K-State": "Kansas State", "KState": "Kansas State", "ISU": "Iowa State", "WVU": "West Virginia", "TTU": "Texas Tech",
		"Central Florida": "UCF", "Connecticut": "UConn", "UMass": "Massachusetts", "USF": "South Florida", "ECU": "East Carolina",
		"Nevada Las Vegas": "UNLV", "Texas El Paso": "UTEP", "Texas San Antonio": "UTSA", "UT San Antonio": "UTSA", "Alabama Birmingham": "UAB",
		"Appalachian State": "App State", "Louisiana Lafayette": "Louisiana", "UL Lafayette": "Louisiana", "ULL": "Louisiana", "Louisiana Monroe": "UL Monroe", "ULM": "UL Monroe",
		"Southern Mississippi": "Southern Miss", "Sam Houston State": "Sam Houston", "Middle Tennessee State": "Middle Tennessee", "MTSU": "Middle Tennessee",
		"FIU": "Florida International", "FAU": "Florida Atlantic", "ODU": "Old Dominion", "JMU": "James Madison", "WKU": "Western Kentucky", "NIU": "Northern Illinois",
		"CMU": "Central Michigan", "EMU": "Eastern Michigan", "WMU": "Western Michigan", "BGSU": "Bowling Green", "Hawaii": "Hawai'i", "SDSU": "San Diego State", "SJSU": "San José State",
		"USNA": "Navy", "USMA": "Army", "Army West Point": "Army", "USAFA": "Air Force", "ND": "Notre Dame", "Irish": "Notre Dame", "UNT": "North Texas", "NDSU": "North Dakota State",
		"Kennesaw": "Kennesaw State", "Albany": "UAlbany", "Grambling State": "Grambling", "Nicholls State": "Nicholls", "McNeese State": "McNeese", "Southeastern Louisiana": "SE Louisiana",
		"Long Island": "Long Island University", "LIU": "Long Island University", "Dixie State": "Utah Tech", "Houston Baptist": "Houston Christian", "Texas A&M Commerce": "East Texas A&M",
	}
}

// CanonicalConference unites names of one conference over time and usage; a
// renamed league keeps its teams and its level.
func CanonicalConference(name string) string {
	switch name {
	case "Pac-10", "Pac 12", "PAC-12":
		return "Pac-12"
	case "American":
		return "American Athletic"
	case "MAC":
		return "Mid-American"
	case "MWC":
		return "Mountain West"
	case "CUSA", "C-USA":
		return "Conference USA"
	case "Independent", "FBS Independent", "Independents":
		return "FBS Independents"
	}
	return name
}

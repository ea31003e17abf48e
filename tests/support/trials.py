"""Two invented transplant studies with the traps that eligibility texts have, and their patients."""

from __future__ import annotations

from typing import Any

GVHD = """Inclusion criteria

1.Patients who understand the trial and sign the informed consent form(ICF);2.6-65 years;3.Patients with SR-aGVHD;4.ECOG≤2;5.Grades II to IV of steroid hormone resistance;

Exclusion criteria

1.Accepted systemic or local treatment of mesenchymal stem cells;
2.Severe allergy to blood products or allergy history of heterologous protein;
3.Expected survival within 2 months;
4.Alanine aminotransferase(ALT)or Aspartate aminotransferase(AST)>2.5*upper limit of normal(ULN);Creatinine clearance≤40ml/min or Blood Urea Nitrogen(BUN)>2*ULN, International Normalized Ratio(INR)>1.5*ULN;
5.Severe hepatic veno-occlusive disease(HVOD);
6.Severe lung disease like severe pneumonia;
7.History of severe acute myocardial infarction or uncontrolled angina pectoris,arrhythmia and severe heart failure;
8.Proved having resistant hypertension within 6 months before enrollment;
9.Active thrombus;
10.Untreated or uncertain active solid tumors within 5 years;
11.Alcohol or drug addiction or with a clear history of mental disorders or a history of drug abuse or use of psychotropic substances;
12.HIV antibody positive, treponema pallidum (TP) antibody positive;
13.Active hepatitis B or hepatitis C;
14.Diarrhea which not caused by GVHD
15.Pregnant or lactating women, or subjects unable to use contraception from the study period to 6 months after its end;
16.Participated in other clinical trials and used other study products within 12 weeks before screening;
17.Unsuitable for this trial for other reasons.
"""
"""Stromal cells for steroid-refractory acute GVHD: run-in numbering, a glued item, five labs in one line."""

GRAFT = """Inclusion Criteria:

* Age 14 to 65 years
* Poor graft function after allogeneic hematopoietic stem cell transplantation
* At least two of the following:
    * Hemoglobin < 70 g/L
    * Absolute neutrophil count < 0.5 x 10^9/L
    * Platelets < 20 x 10^9/L
* Donor chimerism > 95%
* Karnofsky performance status ≥ 60
* Left ventricular ejection fraction ≥ 50% within 3 months before enrollment
* Women of childbearing potential must have a negative pregnancy test
* Donor: aged 18 to 60 years
* Written informed consent

Exclusion Criteria:

* Grade III or IV acute GVHD
* Relapse of the leukemia
* Any malignancy within 5 years, except basal cell carcinoma of the skin
* Total bilirubin > 34.2 umol/L
* Serum creatinine > 1.5 x ULN
* Active infection
* Treatment with eltrombopag within 2 weeks before enrollment
* Prior treatment with mesenchymal stem cells within 3 months
* HBsAg positive
* Pregnant or breast-feeding
* QTcF > 480 ms
* Any condition that in the opinion of the investigator makes participation unsafe
"""
"""Poor graft function after transplantation: counts of which two must be low, a donor, a guard, an exception."""

TEXTS = {"gvhd": GVHD, "graft": GRAFT}

_GVHD_PATIENT = {
    "born": "1990-06-15",
    "sex": "male",
    "facts": [
        "attestation consent",
        "condition sr_agvhd active on=2026-02-20",
        "grade ecog 1 on=2026-03-05",
        "grade agvhd_grade III on=2026-03-05",
        "no exposure msc",
        "no allergy *",
        "judgement life_expectancy 24 unit=mo",
        "measurement alt 40 unit=U/L high=40 on=2026-03-08",
        "measurement ast 35 unit=U/L high=40 on=2026-03-08",
        "measurement creatinine_clearance 90 unit=mL/min on=2026-03-08",
        "measurement bun 15 unit=mg/dL high=20 on=2026-03-08",
        "measurement inr 1.0 unit=1 high=1.2 on=2026-03-08",
        "no condition sos_hvod",
        "no condition lung_disease",
        "no condition heart_disease",
        "no condition angina",
        "no condition hypertension",
        "no condition thrombosis",
        "no condition solid_tumor",
        "no condition alcohol_or_drug_abuse",
        "no condition psychiatric_disease",
        "no exposure psychotropics",
        "result hiv_test negative on=2026-02-01",
        "result syphilis_test negative on=2026-02-01",
        "no condition hepatitis_b_or_c",
        "no condition gi_symptoms",
        "attestation contraception",
        "no trial other_trial",
        "no trial investigational_product",
    ],
}

_GRAFT_PATIENT = {
    "born": "1990-06-15",
    "sex": "male",
    "facts": [
        "condition aplastic_anemia active on=2025-04-01",
        "condition poor_graft_function active on=2026-02-20",
        "exposure allo_hct ended on=2026-01-05",
        "measurement hemoglobin 65 unit=g/L on=2026-03-09",
        "measurement anc 0.3 unit=10*9/L on=2026-03-09",
        "measurement platelets 12 unit=10*9/L on=2026-03-09",
        "measurement donor_chimerism 99 unit=% on=2026-02-25",
        "grade kps 70 on=2026-03-09",
        "measurement lvef 58 unit=% on=2026-02-01",
        "attestation consent",
        "grade agvhd_grade I on=2026-03-09",
        "no condition relapse",
        "no condition malignancy",
        "measurement bilirubin 12 unit=umol/L on=2026-03-09",
        "measurement creatinine 70 unit=umol/L high=104 on=2026-03-09",
        "no condition infection",
        "no exposure - words=eltrombopag",
        "no exposure msc",
        "result hbsag negative on=2026-02-01",
        "measurement qtcf 420 unit=ms on=2026-03-09",
    ],
}

PATIENTS: dict[str, dict[str, Any]] = {
    "gvhd": _GVHD_PATIENT,
    "graft": _GRAFT_PATIENT,
}
"""For each study a patient of whom everything is known, and nothing stands against taking part."""

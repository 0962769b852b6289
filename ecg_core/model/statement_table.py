"""The 71 SCP statements of PTB-XL, in the order of the network's outputs: names, class, codes of SNOMED CT.

Names and classes: scp_statements.csv of PTB-XL 1.0.3 (CC-BY 4.0). Codes: the mapping of the PhysioNet/CinC Challenge
2021; statements without an entry there have none.
"""

from typing import NamedTuple


class Definition(NamedTuple):
    """kind: the superclass of a diagnostic statement, else "form" or "rhythm". subclass: of a diagnostic statement.

    also_form: a diagnostic statement that is a form statement too. snomed: empty if no code is known.
    """

    code: str
    name: str
    name_de: str
    kind: str
    subclass: str = ""
    also_form: bool = False
    snomed: str = ""


STATEMENTS = (
    Definition("NDT", "non-diagnostic T abnormalities", "unspezifische T-Veränderungen", "STTC", "STTC", True),
    Definition("NST_", "non-specific ST changes", "unspezifische ST-Veränderungen", "STTC", "NST_", True, "428750005"),
    Definition("DIG", "digitalis effect", "Digitaliswirkung", "STTC", "STTC", True),
    Definition("LNGQT", "long QT interval", "verlängerte QT-Zeit", "STTC", "STTC", True, "111975006"),
    Definition("NORM", "normal ECG", "normales EKG", "NORM", "NORM"),
    Definition("IMI", "inferior myocardial infarction", "inferiorer Infarkt", "MI", "IMI"),
    Definition("ASMI", "anteroseptal myocardial infarction", "anteroseptaler Infarkt", "MI", "AMI"),
    Definition("LVH", "left ventricular hypertrophy", "Linksherzhypertrophie", "HYP", "LVH", snomed="164873001"),
    Definition(
        "LAFB", "left anterior fascicular block", "linksanteriorer Hemiblock", "CD", "LAFB/LPFB", snomed="445118002"
    ),
    Definition("ISC_", "non-specific ischemic", "unspezifische Ischämiezeichen", "STTC", "ISC_"),
    Definition(
        "IRBBB",
        "incomplete right bundle branch block",
        "inkompletter Rechtsschenkelblock",
        "CD",
        "IRBBB",
        snomed="713426002",
    ),
    Definition("1AVB", "first degree AV block", "AV-Block 1. Grades", "CD", "_AVB", snomed="270492004"),
    Definition(
        "IVCD",
        "non-specific intraventricular conduction disturbance",
        "unspezifische intraventrikuläre Leitungsstörung",
        "CD",
        "IVCD",
        snomed="698252002",
    ),
    Definition("ISCAL", "ischemic in anterolateral leads", "Ischämiezeichen anterolateral", "STTC", "ISCA"),
    Definition(
        "CRBBB",
        "complete right bundle branch block",
        "kompletter Rechtsschenkelblock",
        "CD",
        "CRBBB",
        snomed="713427006",
    ),
    Definition(
        "CLBBB", "complete left bundle branch block", "kompletter Linksschenkelblock", "CD", "CLBBB", snomed="733534002"
    ),
    Definition("ILMI", "inferolateral myocardial infarction", "inferolateraler Infarkt", "MI", "IMI"),
    Definition("LAO/LAE", "left atrial overload or enlargement", "Belastung des linken Vorhofs", "HYP", "LAO/LAE"),
    Definition("AMI", "anterior myocardial infarction", "Vorderwandinfarkt", "MI", "AMI"),
    Definition("ALMI", "anterolateral myocardial infarction", "anterolateraler Infarkt", "MI", "AMI"),
    Definition("ISCIN", "ischemic in inferior leads", "Ischämiezeichen inferior", "STTC", "ISCI"),
    Definition(
        "INJAS",
        "subendocardial injury in anteroseptal leads",
        "subendokardiale Schädigung anteroseptal",
        "MI",
        "AMI",
    ),
    Definition("LMI", "lateral myocardial infarction", "Seitenwandinfarkt", "MI", "LMI"),
    Definition("ISCIL", "ischemic in inferolateral leads", "Ischämiezeichen inferolateral", "STTC", "ISCI"),
    Definition(
        "LPFB", "left posterior fascicular block", "linksposteriorer Hemiblock", "CD", "LAFB/LPFB", snomed="445211001"
    ),
    Definition("ISCAS", "ischemic in anteroseptal leads", "Ischämiezeichen anteroseptal", "STTC", "ISCA"),
    Definition(
        "INJAL",
        "subendocardial injury in anterolateral leads",
        "subendokardiale Schädigung anterolateral",
        "MI",
        "AMI",
    ),
    Definition("ISCLA", "ischemic in lateral leads", "Ischämiezeichen lateral", "STTC", "ISCA"),
    Definition("RVH", "right ventricular hypertrophy", "Rechtsherzhypertrophie", "HYP", "RVH", snomed="89792004"),
    Definition(
        "ANEUR",
        "ST-T changes compatible with ventricular aneurysm",
        "ST-T-Veränderungen wie bei Ventrikelaneurysma",
        "STTC",
        "STTC",
    ),
    Definition("RAO/RAE", "right atrial overload or enlargement", "Belastung des rechten Vorhofs", "HYP", "RAO/RAE"),
    Definition("EL", "electrolytic disturbance or drug", "Elektrolytstörung oder Medikamentenwirkung", "STTC", "STTC"),
    Definition("WPW", "Wolff-Parkinson-White syndrome", "WPW-Syndrom", "CD", "WPW", snomed="74390002"),
    Definition("ILBBB", "incomplete left bundle branch block", "inkompletter Linksschenkelblock", "CD", "ILBBB"),
    Definition("IPLMI", "inferoposterolateral myocardial infarction", "inferoposterolateraler Infarkt", "MI", "IMI"),
    Definition("ISCAN", "ischemic in anterior leads", "Ischämiezeichen anterior", "STTC", "ISCA"),
    Definition("IPMI", "inferoposterior myocardial infarction", "inferoposteriorer Infarkt", "MI", "IMI"),
    Definition("SEHYP", "septal hypertrophy", "Septumhypertrophie", "HYP", "SEHYP"),
    Definition("INJIN", "subendocardial injury in inferior leads", "subendokardiale Schädigung inferior", "MI", "IMI"),
    Definition("INJLA", "subendocardial injury in lateral leads", "subendokardiale Schädigung lateral", "MI", "AMI"),
    Definition("PMI", "posterior myocardial infarction", "posteriorer Infarkt", "MI", "PMI"),
    Definition("3AVB", "third degree AV block", "AV-Block 3. Grades", "CD", "_AVB", snomed="27885002"),
    Definition(
        "INJIL",
        "subendocardial injury in inferolateral leads",
        "subendokardiale Schädigung inferolateral",
        "MI",
        "IMI",
    ),
    Definition("2AVB", "second degree AV block", "AV-Block 2. Grades", "CD", "_AVB", snomed="195042002"),
    Definition("ABQRS", "abnormal QRS", "auffälliger QRS-Komplex", "form"),
    Definition("PVC", "ventricular premature complex", "ventrikuläre Extrasystole", "form", snomed="427172004"),
    Definition("STD_", "non-specific ST depression", "unspezifische ST-Senkung", "form", snomed="429622005"),
    Definition(
        "VCLVH",
        "voltage criteria for left ventricular hypertrophy",
        "Voltage-Kriterien der Linksherzhypertrophie",
        "form",
    ),
    Definition("QWAVE", "Q waves present", "Q-Zacken", "form", snomed="164917005"),
    Definition("LOWT", "low amplitude T waves", "flache T-Wellen", "form"),
    Definition("NT_", "non-specific T wave changes", "unspezifische T-Wellen-Veränderungen", "form"),
    Definition("PAC", "atrial premature complex", "supraventrikuläre Extrasystole", "form", snomed="284470004"),
    Definition("LPR", "prolonged PR interval", "verlängerte PQ-Zeit", "form", snomed="164947007"),
    Definition("INVT", "inverted T waves", "negative T-Wellen", "form", snomed="59931005"),
    Definition("LVOLT", "low QRS voltages", "Niedervoltage", "form", snomed="251146004"),
    Definition("HVOLT", "high QRS voltage", "hohe QRS-Amplitude", "form"),
    Definition("TAB_", "T wave abnormality", "T-Wellen-Anomalie", "form", snomed="164934002"),
    Definition("STE_", "non-specific ST elevation", "unspezifische ST-Hebung", "form", snomed="164931005"),
    Definition("PRC(S)", "premature complexes", "Extrasystolen", "form"),
    Definition("SR", "sinus rhythm", "Sinusrhythmus", "rhythm", snomed="426783006"),
    Definition("AFIB", "atrial fibrillation", "Vorhofflimmern", "rhythm", snomed="164889003"),
    Definition("STACH", "sinus tachycardia", "Sinustachykardie", "rhythm", snomed="427084000"),
    Definition("SARRH", "sinus arrhythmia", "Sinusarrhythmie", "rhythm", snomed="427393009"),
    Definition("SBRAD", "sinus bradycardia", "Sinusbradykardie", "rhythm", snomed="426177001"),
    Definition("PACE", "artificial pacemaker", "Herzschrittmacher", "rhythm", snomed="10370003"),
    Definition("SVARR", "supraventricular arrhythmia", "supraventrikuläre Arrhythmie", "rhythm"),
    Definition("BIGU", "bigeminal pattern", "Bigeminus", "rhythm"),
    Definition("AFLT", "atrial flutter", "Vorhofflattern", "rhythm", snomed="164890007"),
    Definition("SVTAC", "supraventricular tachycardia", "supraventrikuläre Tachykardie", "rhythm", snomed="426761007"),
    Definition(
        "PSVT", "paroxysmal supraventricular tachycardia", "paroxysmale supraventrikuläre Tachykardie", "rhythm"
    ),
    Definition("TRIGU", "trigeminal pattern", "Trigeminus", "rhythm"),
)

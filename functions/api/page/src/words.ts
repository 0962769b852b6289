// Every text of the page, in English and German. The words for codes of the service are in meanings.ts.
import { recall, remember } from "./session";

export type Language = "en" | "de";

const WORDS = {
  title: ["ECG classifier", "EKG-Klassifikation"],
  intro: [
    "Drop an ECG file here. You get the probabilities of three diagnoses, and the ECG on paper.",
    "Legen Sie hier eine EKG-Datei ab. Sie erhalten die Wahrscheinlichkeiten von drei Diagnosen und das EKG auf Papier.",
  ],
  formats: [
    "One file, all files of a record, a folder or many records. The content decides the format, not the name.",
    "Eine Datei, alle Dateien einer Aufnahme, ein Ordner oder viele Aufnahmen. Der Inhalt entscheidet über das Format, nicht der Name.",
  ],
  chooseFiles: ["Choose files", "Dateien wählen"],
  chooseFolder: ["Choose a folder", "Ordner wählen"],
  tryOut: ["Try it out", "Ausprobieren"],
  normal: ["Normal ECG", "Normales EKG"],
  left_bundle_branch_block: ["Left bundle branch block", "Linksschenkelblock"],
  st_depression: ["ST depression", "ST-Senkung"],
  watch_lead_i: ["Watch, lead I", "Uhr, Ableitung I"],
  inconclusive: ["No diagnosis", "Keine Diagnose"],
  without_rate: ["Sampling rate missing", "Abtastrate fehlt"],
  synthetic: ["These ECGs are synthetic.", "Diese EKGs sind synthetisch."],
  local: [
    "Files go to this service only. This page keeps nothing.",
    "Dateien gehen nur an diesen Dienst. Diese Seite speichert nichts.",
  ],
  key: ["API key", "API-Schlüssel"],
  keyHint: [
    "Only if your service asks for one. It is kept until you close this tab.",
    "Nur, wenn Ihr Dienst einen verlangt. Er wird behalten, bis Sie diesen Tab schließen.",
  ],
  language: ["Deutsch", "English"],
  colours: ["Colours", "Farben"],
  system: ["as the system", "wie das System"],
  light: ["light", "hell"],
  dark: ["dark", "dunkel"],
  waiting: ["waiting", "wartet"],
  running: ["is classified", "wird klassifiziert"],
  uploading: ["Uploading: {0} %", "Wird hochgeladen: {0} %"],
  working: ["Classifying {0} …", "{0} wird klassifiziert …"],
  noDiagnosis: ["No diagnosis", "Keine Diagnose"],
  notClassified: ["Not classified", "Nicht klassifiziert"],
  probability: ["probability {0}", "Wahrscheinlichkeit {0}"],
  threshold: ["threshold {0}", "Schwelle {0}"],
  alsoAbove: ["Also above its threshold: {0}", "Ebenfalls über der Schwelle: {0}"],
  probabilities: ["Probabilities", "Wahrscheinlichkeiten"],
  independent: [
    "They are independent and do not add up to 1. A bar that reaches its mark is a finding.",
    "Sie sind unabhängig und ergeben zusammen nicht 1. Ein Balken, der seine Marke erreicht, ist ein Befund.",
  ],
  other: ["Other abnormality (no diagnosis of this service)", "Andere Auffälligkeit (keine Diagnose dieses Dienstes)"],
  warnings: ["Warnings", "Warnungen"],
  corrections: ["What was done to the recording", "Was mit der Aufnahme geschah"],
  expected: ["How well it works with these leads", "Wie gut es mit diesen Ableitungen arbeitet"],
  expectedAtLeast: ["at least, measured with fewer leads", "mindestens, mit weniger Ableitungen gemessen"],
  auc: [
    "AUC: 1 is perfect, 0.5 is chance. Measured on {0}.",
    "AUC: 1 ist vollkommen, 0,5 ist Zufall. Gemessen an {0}.",
  ],
  nothingMeasured: [
    "Nothing was measured for these leads.",
    "Für diese Ableitungen wurde nichts gemessen.",
  ],
  inconclusiveMeans: [
    "No diagnosis does not mean normal. The ECG may still be abnormal.",
    "Keine Diagnose heißt nicht normal. Das EKG kann trotzdem auffällig sein.",
  ],
  statements: ["Statements", "Einzelbefunde"],
  measurements: ["Measurements", "Messwerte"],
  heart_rate_bpm: ["Heart rate", "Herzfrequenz"],
  rhythm: ["Rhythm", "Rhythmus"],
  regular: ["regular", "regelmäßig"],
  irregular: ["irregular", "unregelmäßig"],
  axis_deg: ["Axis", "Lagetyp (Achse)"],
  recording: ["Recording", "Aufnahme"],
  recordingSaid: ["{0}, {1} leads, {2} Hz, {3} s", "{0}, {1} Ableitungen, {2} Hz, {3} s"],
  hint: ["What you can do", "Was Sie tun können"],
  original: ["Message of the service: {0}", "Meldung des Dienstes: {0}"],
  sendAgain: ["Send again", "Noch einmal senden"],
  fs_hz: ["Sampling rate in Hz", "Abtastrate in Hz"],
  units: ["Unit of the samples", "Einheit der Werte"],
  leads: ["Leads in order", "Ableitungen in ihrer Reihenfolge"],
  gain: ["Gain in counts per mV", "Verstärkung in Schritten pro mV"],
  fillIn: ["State what the file leaves open:", "Geben Sie an, was die Datei offen lässt:"],
  unitOrGain: [
    "Give the unit, or the gain of raw converter values, not both.",
    "Geben Sie die Einheit an oder die Verstärkung roher Wandlerwerte, nicht beides.",
  ],
  paper: ["ECG on paper", "EKG auf Papier"],
  noTrace: ["The ECG cannot be drawn: {0}", "Das EKG kann nicht gezeichnet werden: {0}"],
  loading: ["Loading the ECG …", "Das EKG wird geladen …"],
  layout: ["Layout", "Anordnung"],
  rhythmStrip: ["3×4 and rhythm", "3×4 und Rhythmus"],
  rows: ["one row a lead", "eine Zeile je Ableitung"],
  twoColumns: ["6×2", "6×2"],
  oneLead: ["lead {0}", "Ableitung {0}"],
  speed: ["Speed", "Vorschub"],
  gainShown: ["Gain", "Verstärkung"],
  auto: ["automatic ({0} mm/mV)", "automatisch ({0} mm/mV)"],
  calipers: ["Calipers", "Zirkel"],
  marchOut: ["Repeat", "Wiederholen"],
  snap: ["Snap to peaks", "An Spitzen einrasten"],
  filter: ["Display filter", "Anzeigefilter"],
  filterSaid: ["filtered for display: {0}", "für die Anzeige gefiltert: {0}"],
  noFilter: ["no filter", "kein Filter"],
  wander: ["high-pass 0.5 Hz", "Hochpass 0,5 Hz"],
  mains: ["{0} Hz removed", "{0} Hz entfernt"],
  explain: ["Where the network looks", "Wohin das Netz schaut"],
  explained: [
    "Shaded: evidence for {0}, {1} to {2} s. It shows where the network looks, not why.",
    "Schattiert: Hinweise auf {0}, {1} bis {2} s. Es zeigt, wohin das Netz schaut, nicht warum.",
  ],
  explainedNothing: ["Nothing of this part speaks for {0}.", "Nichts in diesem Teil spricht für {0}."],
  marks: ["Marks of P, QRS and T", "Marken von P, QRS und T"],
  marksAre: [
    "Brackets: where P, QRS and T of the usual beat begin and end, on each beat that looks like it.",
    "Klammern: wo P, QRS und T des üblichen Schlags beginnen und enden, an jedem Schlag, der ihm gleicht.",
  ],
  noMarks: [
    "No marks: the waves of this ECG cannot be told apart.",
    "Keine Marken: Die Wellen dieses EKGs lassen sich nicht abgrenzen.",
  ],
  zoomIn: ["Zoom in", "Vergrößern"],
  zoomOut: ["Zoom out", "Verkleinern"],
  zoomReset: ["Whole sheet", "Ganzes Blatt"],
  time: ["Position in the recording", "Stelle in der Aufnahme"],
  shown: ["{0} to {1} s of {2} s", "{0} bis {1} s von {2} s"],
  keys: [
    "Keys: arrows move, + and − zoom, 0 shows the whole sheet, Home and End go to the ends, C turns the calipers on and off.",
    "Tasten: Pfeile verschieben, + und − vergrößern und verkleinern, 0 zeigt das ganze Blatt, Pos1 und Ende gehen an die Enden, C schaltet den Zirkel.",
  ],
  calipersHelp: [
    "Drag from one point to the other. Arrows move the second point, with Shift the first.",
    "Ziehen Sie von einem Punkt zum anderen. Pfeile bewegen den zweiten Punkt, mit Umschalt den ersten.",
  ],
  calipersSaid: ["{0} ms · {1}/min · {2} mV", "{0} ms · {1}/min · {2} mV"],
  print: ["Print", "Drucken"],
  download: ["Download", "Herunterladen"],
  notRecorded: ["not recorded", "nicht aufgezeichnet"],
  derived: ["derived", "abgeleitet"],
  noSignal: ["no signal", "kein Signal"],
  sheetLabel: ["ECG on paper. {0}", "EKG auf Papier. {0}"],
  records: ["Records", "Aufnahmen"],
  file: ["File", "Datei"],
  diagnosis: ["Diagnosis", "Diagnose"],
  remarks: ["Remarks", "Bemerkungen"],
  progress: ["{0} of {1} answered", "{0} von {1} beantwortet"],
  beside: ["{0} other files of these records were not sent.", "{0} weitere Dateien dieser Aufnahmen wurden nicht gesendet."],
  nothing: ["No file was found.", "Keine Datei gefunden."],
  filterRecords: ["Show only", "Nur zeigen"],
  csv: ["All answers as CSV", "Alle Antworten als CSV"],
  clear: ["Clear the list", "Liste leeren"],
  compare: ["Compare with", "Vergleichen mit"],
  noComparison: ["nothing", "nichts"],
  comparison: ["Comparison", "Vergleich"],
  difference: ["Difference", "Unterschied"],
  sideBySide: ["one above the other", "übereinander"],
  byBeat: ["mean beats overlaid", "mittlere Schläge überlagert"],
  beatsSaid: ["{0}: {1} beats, {2}/min", "{0}: {1} Schläge, {2}/min"],
  noBeats: ["No beats were found to overlay.", "Es wurden keine Schläge zum Überlagern gefunden."],
  disclaimer: [
    "Research and demonstration use only. Not a medical device; not for diagnosis or treatment. Trained on PTB-XL 1.0.3 (CC-BY 4.0).",
    "Nur für Forschung und Demonstration. Kein Medizinprodukt; nicht für Diagnose oder Behandlung. Trainiert mit PTB-XL 1.0.3 (CC-BY 4.0).",
  ],
  documentation: ["Interface", "Schnittstelle"],
  about: ["Model {0} {1}", "Modell {0} {1}"],
  calibrated: [", calibration {0}", ", Kalibrierung {0}"],
  estimated: [" (an estimate without labels)", " (eine Schätzung ohne Befunde)"],
  offline: ["Your device is offline. Connect it and send again.", "Ihr Gerät ist offline. Verbinden Sie es und senden Sie noch einmal."],
  unreachable: ["The service cannot be reached.", "Der Dienst ist nicht erreichbar."],
  unreachableHint: ["Check that it runs, then send again.", "Prüfen Sie, ob er läuft, und senden Sie dann noch einmal."],
  broken: ["The service gave an answer that this page does not understand (status {0}).", "Der Dienst gab eine Antwort, die diese Seite nicht versteht (Status {0})."],
  uploadFailed: ["The upload failed (status {0}).", "Das Hochladen ist fehlgeschlagen (Status {0})."],
  late: ["The result of the upload did not come in time.", "Das Ergebnis des Hochladens kam nicht rechtzeitig."],
  skip: ["Skip to the answer", "Zur Antwort springen"],
} satisfies Record<string, [string, string]>;

export type Word = keyof typeof WORDS;

let language: Language = recall("language") === "de" || (!recall("language") && navigator.language.startsWith("de")) ? "de" : "en";

export function current(): Language {
  return language;
}

export function speak(chosen: Language): void {
  language = chosen;
  remember("language", chosen);
}

export function t(word: Word, ...values: (string | number)[]): string {
  const text = WORDS[word][language === "de" ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)] ?? ""));
}

// A number with so many decimals, as the language writes it.
export function number(value: number, decimals: number): string {
  return value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: false });
}

// A number with at most so many decimals.
export function short(value: number, decimals = 2): string {
  return value.toLocaleString(language, { maximumFractionDigits: decimals, useGrouping: false });
}

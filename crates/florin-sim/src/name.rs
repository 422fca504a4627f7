//! Names for made-up companies, people and things, each from a text and always the same.

const FIRST_WORDS: [&str; 16] = [
    "Amber",
    "Birch",
    "Cobble",
    "Dale",
    "Ember",
    "Foxglove",
    "Gable",
    "Hazel",
    "Ivy",
    "Jubilee",
    "Kiln",
    "Linden",
    "Mill",
    "Northgate",
    "Orchard",
    "Pennine",
];
const TRADES: [&str; 16] = [
    "Builders",
    "Carpentry",
    "Ceramics",
    "Decorators",
    "Electrical",
    "Fabrication",
    "Flooring",
    "Glazing",
    "Heating",
    "Ironmongery",
    "Kitchens",
    "Masonry",
    "Plumbing",
    "Roofing",
    "Tiling",
    "Timber",
];
const FORENAMES: [&str; 16] = [
    "Aisha", "Benjamin", "Chloe", "Daniel", "Emily", "Farhan", "Grace", "Harry", "Imogen", "Jack", "Karolina", "Liam", "Megan", "Nathan",
    "Olivia", "Priya",
];
const SURNAMES: [&str; 16] = [
    "Ahmed", "Bennett", "Clarke", "Davies", "Evans", "Fletcher", "Green", "Hughes", "Iqbal", "Jones", "Kowalski", "Lewis", "Morgan",
    "Novak", "Owen", "Patel",
];

/// A company's name. It carries the number, so that a search for the name can find a company that is stored nowhere.
pub(crate) fn company(number: &str) -> String {
    let mixed = mix(number);
    format!("{} {} {number} Ltd", pick(FIRST_WORDS, mixed), pick(TRADES, mixed >> 8))
}

/// One to three people, all of different names.
pub(crate) fn directors(number: &str) -> Vec<String> {
    let mixed = mix(number) >> 16;
    // Steps of one through the forenames: two directors of one company are never namesakes.
    let person = |index: u64| format!("{} {}", pick(FORENAMES, mixed + index), pick(SURNAMES, mixed >> (8 + 4 * index)));
    (0..=(mixed >> 32) % 3).map(person).collect()
}

fn pick(names: [&'static str; 16], at: u64) -> &'static str {
    names[(at % 16) as usize]
}

/// A name in the form of a UUID.
pub(crate) fn uuid(text: &str) -> String {
    let (high, low) = (mix(text), mix(&format!("{text} again")));
    // The digits 4 and 8 stand where the form has its version and its variant.
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 52, low & 0xffff_ffff_ffff)
}

/// Spreads neighbouring numbers far apart, so that lists of them look like lists of companies. FNV-1a, then an avalanche step.
pub(crate) fn mix(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (hash >> 29)
}

"""Words for generated worlds. All people, shops and products are made up."""

from __future__ import annotations

# id, national id, Arabic, English, latitude, longitude
City = tuple[int, int, str, str, float, float]
# id, code, Arabic, English, is it an integrated courier
ShippingMethod = tuple[int, str, str, str, bool]

FIRST_NAMES = (
    ("محمد", "Mohammed"),
    ("فاطمة", "Fatimah"),
    ("عبدالله", "Abdullah"),
    ("نورة", "Noura"),
    ("خالد", "Khalid"),
    ("سارة", "Sarah"),
    ("فيصل", "Faisal"),
    ("ريم", "Reem"),
    ("سلطان", "Sultan"),
    ("هند", "Hind"),
    ("ياسر", "Yasser"),
    ("لمى", "Lama"),
    ("تركي", "Turki"),
    ("مها", "Maha"),
    ("بدر", "Badr"),
    ("دانة", "Danah"),
)
LAST_NAMES = (
    ("الحربي", "Alharbi"),
    ("القحطاني", "Alqahtani"),
    ("الغامدي", "Alghamdi"),
    ("العتيبي", "Alotaibi"),
    ("الزهراني", "Alzahrani"),
    ("الشمري", "Alshammari"),
    ("الدوسري", "Aldosari"),
    ("السبيعي", "Alsubaie"),
)
CITIES: tuple[City, ...] = (
    (1, 3, "الرياض", "Riyadh", 24.7136, 46.6753),
    (2, 14, "الحريق", "Al Hariq", 23.6236, 46.5208),
    (4, 6, "مكة المكرمة", "Makkah", 21.3891, 39.8579),
    (5, 18, "جدة", "Jeddah", 21.4858, 39.1925),
    (7, 13, "الدمام", "Dammam", 26.4207, 50.0888),
    (9, 15, "أبها", "Abha", 18.2164, 42.5053),
    (12, 11, "بريدة", "Buraydah", 26.3592, 43.9818),
)
COUNTRY = (184, "السعودية", "Saudi Arabia", "SA")
DISTRICTS = ("العليا", "Al Olaya", "النرجس", "Al Yasmin", "الروضة", "Al Malqa")
STREETS = ("شارع التحلية", "King Fahd Road", "طريق الأمير سلطان", "Prince Turki Street")

PRODUCTS = (
    ("قهوة سعودية محمصة", "Roasted Saudi coffee"),
    ("تمر سكري فاخر", "Premium Sukkari dates"),
    ("عطر عود كمبودي", "Cambodian oud perfume"),
    ("عباية سوداء مطرزة", "Embroidered black abaya"),
    ("مبخرة خشبية", "Wooden incense burner"),
    ("عسل سدر جبلي", "Mountain sidr honey"),
    ("حقيبة جلد طبيعي", "Natural leather bag"),
    ("ثوب رجالي قطني", "Cotton thobe"),
    ("زعفران إيراني سوبر نقين", "Super Negin saffron"),
    ("دلة نحاسية", "Brass dallah"),
    ("سجادة صلاة مخملية", "Velvet prayer rug"),
    ("شاحن لاسلكي سريع", "Fast wireless charger"),
    ("سماعة بلوتوث", "Bluetooth earphones"),
    ("كوب حراري 500 مل", "Thermal mug 500 ml"),
)
PRODUCT_CLASSES = (
    "voucher",
    "grouped_product",
    "downloadable",
    "dynamic_bundle",
    "donation_item",
    "crowdfunding_project",
)
PRICES = (9, 25, 49.5, 75, 99, 120, 199.95, 349, 12.444)
LOCATIONS = (
    ("الرياض - الفرع الرئيسي", "Riyadh - Main branch", "3 Test Branch Rd, Riyadh 10000, Saudi Arabia"),
    ("جدة - المستودع", "Jeddah - Warehouse", "4 Test Warehouse Rd, Jeddah 20000, Saudi Arabia"),
)
SIZES = (("صغير", "Small"), ("وسط", "Medium"), ("كبير", "Large"))
ATTRIBUTES = (("المقاس", "Size", SIZES), ("اللون", "Color", (("أبيض", "White"), ("أسود", "Black"))))
METAFIELDS = (("السعرات الحرارية", "Calories"), ("بلد المنشأ", "Country of origin"))
OFFERS = (("اشتر اثنين واحصل على الثالث", "Buy two, get the third"), ("عرض العيد", "Eid offer"))
RETURN_REASONS = ("Customer canceled", "Damaged product", "Wrong product", "Late delivery")
TAGS = ("VIP", "Wholesale")
# parent status, code, Arabic, English
CUSTOM_STATUSES = (
    ("preparing", "packaging", "جاري التغليف", "packaging"),
    ("new", "call_first", "بانتظار الاتصال", "to be called"),
)
CATEGORIES = (
    ("قهوة وشاي", "Coffee and tea"),
    ("تمور وعسل", "Dates and honey"),
    ("عطور وبخور", "Perfume and incense"),
    ("أزياء", "Fashion"),
    ("منزل", "Home"),
    ("إلكترونيات", "Electronics"),
    ("هدايا", "Gifts"),
    ("عروض", "Offers"),
)
SHOPS = (("متجر النخيل", "Palm Store"), ("دار العود", "House of Oud"), ("سوق الحرف", "Craft Market"))
PLAN_NAME = "اختبار"

# code: (Arabic, English, id, colour). Ids of the last five are made up: nobody has published them.
STATUSES = {
    "new": ("جديد", "New", 1, "#3498db"),
    "preparing": ("جاري التجهيز", "Preparing", 2, "#f39c12"),
    "ready": ("جاهز", "Ready", 17, "#2ecc71"),
    "delivered": ("تم التوصيل", "Delivered", 5, "#27ae60"),
    "cancelled": ("ملغي", "Canceled", 7, "#e74c3c"),
    "indelivery": ("جاري التوصيل", "In Delivery", 9001, "#9b59b6"),
    "reversed": ("مسترجع", "Reversed", 9002, "#7f8c8d"),
    "reverse_in_progress": ("جاري الاسترجاع", "Reverse in progress", 9003, "#95a5a6"),
    "partially_reversed": ("مسترجع جزئيا", "Partially reversed", 9004, "#7f8c8d"),
}
MADE_UP_STATUS_IDS = frozenset(row[2] for row in STATUSES.values() if row[2] > 9000)
NEXT_STATUS = {"new": "preparing", "preparing": "ready", "ready": "indelivery", "indelivery": "delivered"}
# How far an order of the past may have come.
PASTS = (
    ("new",),
    ("new", "preparing"),
    ("new", "preparing", "ready"),
    ("new", "preparing", "ready", "indelivery"),
    ("new", "preparing", "ready", "indelivery", "delivered"),
    ("new", "preparing", "ready", "indelivery", "delivered"),
    ("new", "cancelled"),
    ("new", "preparing", "ready", "indelivery", "delivered", "reversed"),
)
STATUS_SPELLINGS = {"canceled": "cancelled", "inDelivery": "indelivery"}

# code: (Arabic, English, type)
PAYMENT_METHODS = {
    "zid_cod": ("الدفع عند الاستلام", "Cash On Delivery", "zid_cod"),
    "zid_bank_transfer": ("تحويل بنكي", "Bank Transfer", "zid_bank_transfer"),
    "zid_credit_card": ("بطاقة ائتمانية", "Credit Card", "cc"),
    "zidpay": ("بطاقة ائتمانية", "Credit Card", "cc"),
}
PAYMENT_LINK = "payment_link.zidpay"
# Made-up numbers by which a store's payment methods are chosen.
OFFERED_PAYMENT_METHODS = PAYMENT_METHODS | {PAYMENT_LINK: ("إرسال رابط دفع", "Send a payment link", "payment_link")}
PAYMENT_METHOD_IDS = {code: 239_947 + place for place, code in enumerate(OFFERED_PAYMENT_METHODS)}
REFUND_METHODS = {
    "credit_card": "Credit Card",
    "zid_bank_transfer": "Zid Bank Transfer",
    "bank_transfer": "Bank Transfer",
    "cash": "Cash",
    "zid_cod": "Cash On Delivery",
}
SOURCES = {
    "catalog": ("المتجر الإلكتروني", "Store"),
    "md": ("لوحة التحكم", "Merchant Admin"),
    "mobile_app": ("تطبيق المتجر", "Store App"),
    "api": ("واجهة الطلبات", "Order Api"),
}
SHIPPING_METHODS: tuple[ShippingMethod, ...] = (
    (5423, "zid_zidship", "شحن سريع", "Express shipping", True),
    (5424, "custom", "مندوب المتجر", "Store courier", False),
)
SHIPPING_FEES = (0.0, 15.0, 20.0, 23.0)
CUSTOMER_NOTES = ("", "", "", "يرجى الاتصال قبل التوصيل", "Please call before delivery")
INVOICE_TITLES = {
    "sub_totals_before_vat": ("المجموع بدون الضريبة", "Total without VAT"),
    "shipping": ("الشحن", "Shipping"),
    "taxable_amount": ("المبلغ الخاضع للضريبة", "Taxable amount"),
    "vat": ("الضريبة (%15)", "VAT (%15)"),
    "sub_totals_after_vat": ("المجموع شامل الضريبة", "Total Inc. VAT"),
    "total": ("الإجمالي", "Total"),
}
# id, Arabic, English, two letters, three letters; the first is where the stores operate
COUNTRIES = (
    (184, "السعودية", "Saudi Arabia", "SA", "SAU"),
    (221, "الإمارات العربية المتحدة", "United Arab Emirates", "AE", "ARE"),
    (17, "البحرين", "Bahrain", "BH", "BHR"),
    (114, "الكويت", "Kuwait", "KW", "KWT"),
    (161, "عمان", "Oman", "OM", "OMN"),
    (173, "قطر", "Qatar", "QA", "QAT"),
    (63, "مصر", "Egypt", "EG", "EGY"),
)
BADGES = (
    (("خصم {discount_percent}", "{discount_percent} Discount"), True, "discount_percent"),
    (("خصم 10%", "10% discount"), False, None),
    (("شحن مجاني", "Free Shipping"), False, None),
)
CART_PHASES = ("new", "login", "verification", "shipping_address", "shipping_method", "payment_method")
